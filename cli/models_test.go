package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
)

// playedStore is a store with the results of runOptions: N = 1 and N = 2,
// with artefacts. It is a copy that a test may change.
func playedStore(t *testing.T) string {
	t.Helper()
	played.Do(func() {
		dir, err := os.MkdirTemp("", "backfire-runs-")
		require.NoError(t, err)
		opts, _, _, _ := runOptions(t, "store="+dir, "artefacts.model=true", "artefacts.triggers=true", "artefacts.images=npz")
		require.NoError(t, runSweep(context.Background(), opts))
		playedDir = dir
	})
	require.NotEmpty(t, playedDir)
	dir := filepath.Join(t.TempDir(), "runs")
	require.NoError(t, os.CopyFS(dir, os.DirFS(playedDir)))
	return dir
}

// What playedStore copies, made once for all tests.
var (
	played    sync.Once
	playedDir string
)

// runsIn lists the hashes of a store's results: N = 1, then N = 2.
func runsIn(t *testing.T, dir string) [2]string {
	t.Helper()
	store, err := store.OpenExisting(dir)
	require.NoError(t, err)
	hashes, err := store.Hashes()
	require.NoError(t, err)
	require.Len(t, hashes, 2)
	record, err := store.Read(hashes[0])
	require.NoError(t, err)
	if len(record.Cell.Game.Attackers) == 1 {
		return [2]string{hashes[0], hashes[1]}
	}
	return [2]string{hashes[1], hashes[0]}
}

func TestModelsList(t *testing.T) {
	dir := playedStore(t)
	runs := runsIn(t, dir)
	code, out, errOut := runMain(t, "models", "list", "--store", dir)
	require.Equal(t, ExitOK, code, errOut)
	require.Regexp(t, `^MODEL +TITLE +DATASET +N +SEED +NETWORK +EPOCHS +DEFENSE +STANDARD ACC. % +ASR % +AGE\n`, out)
	require.Regexp(t, `(?m)^`+runs[0][:12]+` +attacker 0 alone on 2 seats +embedded +1 +1 +width 2 +1 +none +[\d.]+ `, out)
	require.Regexp(t, `(?m)^`+runs[1][:12]+` +N = 2 +embedded +2 +1 +width 2 +1 +none +[\d.]+ +[\d.]+ ± [\d.]+ `, out)
	require.Contains(t, out, "\n2 models, each of one seed\nReadings: trigger per_dimension, drawn per_agent; ")

	code, out, _ = runMain(t, "models", "list", "--store", dir, "--filter", "game.attackers.id=1", "--filter", "training.lr=1e-1", "--json")
	require.Equal(t, ExitOK, code)
	var line modelLine
	require.NoError(t, json.Unmarshal([]byte(out), &line), "one line")
	require.Equal(t, runs[1], line.Cell)
	require.Equal(t, 2, line.N)
	require.Equal(t, filepath.Join(dir, runs[1]), line.Path)

	require.NoError(t, os.Remove(filepath.Join(dir, runs[0], store.CellFile)))
	code, out, errOut = runMain(t, "models", "list", "--store", dir)
	require.Equal(t, ExitOK, code)
	require.Contains(t, out, "\n1 model, each of one seed\n")
	require.Contains(t, errOut, runs[0])
}

func TestModelsRefuse(t *testing.T) {
	dir := playedStore(t)
	for _, tc := range []struct {
		args  []string
		words string
	}{
		{[]string{"list", "--filter", "game.sed=1"}, "did you mean game.seed?"},
		{[]string{"list", "--filter", "seed"}, "must be key=value"},
		{[]string{"list", "--filter", "=1"}, "must be key=value"},
		{[]string{"list", "--filter", "seed!1"}, "must be key=value"},
		{[]string{"list", "--filter", "pool.size=3"}, "did you mean game.pool_size?"},
		{[]string{"list", "--filter", "defense.stack.cutmix.alpha!=1"}, "no stored result has the field"},
		{[]string{"list", "--filter", "asr.mean>high"}, "must compare with a number"},
		{[]string{"show", "nowhere/ab"}, "no run has stored anything there"},
		{[]string{"show", ""}, "not stored"},
		{[]string{"show", "zz"}, "not stored"},
		{[]string{"show"}, "models show: MODEL is missing"},
		{[]string{"diff", runsIn(t, dir)[0]}, "models diff: B is missing"},
		{[]string{"gc", "--store", filepath.Join(dir, "nowhere")}, "no run has stored anything there"},
	} {
		args := append([]string{"models", tc.args[0], "--store", dir}, tc.args[1:]...)
		code, out, errOut := runMain(t, args...)
		require.Equal(t, ExitUsage, code, args)
		require.Empty(t, out)
		require.Contains(t, errOut, tc.words)
	}
}

func TestModelsShow(t *testing.T) {
	dir := playedStore(t)
	run := runsIn(t, dir)[1]
	code, out, errOut := runMain(t, "models", "show", run[:8], "--store", dir)
	require.Equal(t, ExitOK, code, errOut)
	for _, pattern := range []string{
		`(?m)^model +` + run + `$`, `(?m)^data +embedded, 300 of 10000 images of 1x28x28, 10 classes$`, `(?m)^seed +1 \(one seed, one model\)$`,
		`(?m)^readings +trigger per_dimension, drawn per_agent; dirty labels, p0 of an attacker.s images, none of the target class; as many seats as attackers; ASR over `, `(?m)^standard accuracy +[\d.]+ % \(\d+ of 24\)`,
		`(?m)^0 +Pullover \(#2\) +0.3 +0.3 +0.3 +22 +[\d.]+ +[\d.]+ +[\d.]+ `, `(?m)^1 +Pullover \(#2\) +0.3 +0.3 +0.3 +22 +[\d.]+ +- +`,
		`(?m)^model.safetensors +[\d.]+ kB$`, `(?m)^triggers +[\d.]+ kB$`,
	} {
		require.Regexp(t, pattern, out)
	}
	code, out, _ = runMain(t, "models", "show", run[:8], "--store", dir, "--json")
	require.Equal(t, ExitOK, code)
	var result store.Result
	require.NoError(t, json.Unmarshal([]byte(out), &result))
	require.Equal(t, run, result.Cell)
}

func TestModelsListFilters(t *testing.T) {
	dir := playedStore(t)
	runs := runsIn(t, dir)
	for _, tc := range []struct {
		filters []string
		want    []string
	}{
		{[]string{"training_images>0"}, runs[:]},
		{[]string{"asr.n >= 2"}, runs[1:]},
		{[]string{"asr.n<2", "collapsed!=maybe"}, runs[:1]},
		{[]string{"game.attackers.id!=1"}, runs[:1]},
		{[]string{"environment.device=cpu", "readings.label_mode=dirty", "data.name>=0"}, nil},
	} {
		args := []string{"models", "list", "--store", dir, "--json"}
		for _, filter := range tc.filters {
			args = append(args, "--filter", filter)
		}
		code, out, errOut := runMain(t, args...)
		require.Equal(t, ExitOK, code, errOut)
		var got []string
		for line := range strings.Lines(out) {
			var run modelLine
			require.NoError(t, json.Unmarshal([]byte(line), &run))
			require.Equal(t, "per_agent", run.Readings.Sampling)
			got = append(got, run.Cell)
		}
		require.ElementsMatch(t, tc.want, got, "%v", tc.filters)
	}
}

func TestModelsDiff(t *testing.T) {
	dir := playedStore(t)
	runs := runsIn(t, dir)
	code, out, errOut := runMain(t, "models", "diff", runs[0][:10], runs[1][:10], "--store", dir)
	require.Equal(t, ExitOK, code, errOut)
	require.Regexp(t, `^A  `+runs[0][:12]+`  attacker 0 alone on 2 seats; one seed: 1, one model\nB  `+runs[1][:12]+`  N = 2; .*\nReadings: trigger per_dimension, `, out)
	require.Regexp(t, `(?m)^CONFIGURATION +A +B\n`, out)
	require.Regexp(t, `(?m)^game.attackers\[1\].id +- +1$`, out)
	require.NotContains(t, out, "game.attackers[0]")
	require.Regexp(t, `(?m)^standard accuracy % +[\d.]+ +[\d.]+ +[-+]?[\d.]+$`, out)
	require.Regexp(t, `(?m)^ASR of attacker 0 % `, out)
	require.NotContains(t, out, "attacker 1 %")
	require.NotContains(t, out, "to the last digit")

	code, out, errOut = runMain(t, "models", "diff", filepath.Join(dir, runs[0][:10]), filepath.Join(playedDir, runs[0]))
	require.Equal(t, ExitOK, code, errOut)
	require.Contains(t, out, "no difference")
	require.Contains(t, out, "The results are the same to the last digit: digest ")
}

func TestModelsDiffAsJSON(t *testing.T) {
	dir := playedStore(t)
	runs := runsIn(t, dir)
	code, out, errOut := runMain(t, "models", "diff", runs[0], runs[1], "--store", dir, "--json")
	require.Equal(t, ExitOK, code, errOut)
	var d modelDifference
	require.NoError(t, json.Unmarshal([]byte(out), &d))
	require.Equal(t, [2]string{runs[0], runs[1]}, [2]string{d.A.Cell, d.B.Cell})
	require.False(t, d.Same)
	require.Equal(t, uint64(1), d.B.Seed)
	seats := d.Configuration[0]
	require.Equal(t, "game.seats", seats.Field)
	require.Nil(t, seats.B)
	for _, c := range d.Configuration[1:] {
		require.True(t, strings.HasPrefix(c.Field, "game.attackers[1]."), c.Field)
		require.Nil(t, c.A)
		require.NotNil(t, c.B)
	}
	store, err := store.OpenExisting(dir)
	require.NoError(t, err)
	one, err := store.Read(runs[0])
	require.NoError(t, err)
	two, err := store.Read(runs[1])
	require.NoError(t, err)
	first := d.Figures[0]
	require.Equal(t, "clean_accuracy", first.Figure)
	require.InDelta(t, one.Result.CleanAccuracy.Value(), float64(first.A), 0, "JSON keeps every digit")
	require.InDelta(t, two.Result.CleanAccuracy.Value()-one.Result.CleanAccuracy.Value(), float64(first.Difference), 0, "the same subtraction")
	text, err := os.ReadFile(filepath.Join("..", "docs", "results-format.md"))
	require.NoError(t, err)
	for _, f := range d.Figures {
		require.NotEmpty(t, figureNames[f.Figure])
		require.Contains(t, string(text), f.Figure)
	}
}

func TestModelsGC(t *testing.T) {
	dir := playedStore(t)
	runs := runsIn(t, dir)
	code, out, errOut := runMain(t, "models", "gc", "--store", dir)
	require.Equal(t, ExitOK, code, errOut)
	require.Equal(t, "nothing to remove\n", out)

	plans, err := filepath.Glob(filepath.Join(dir, "plans", "*", "*"))
	require.NoError(t, err)
	require.Len(t, plans, 1)
	text, err := os.ReadFile(plans[0])
	require.NoError(t, err)
	changed := strings.ReplaceAll(string(text), runs[1], "another")
	require.NoError(t, os.WriteFile(plans[0], []byte(changed), 0o600))
	code, _, errOut = runMain(t, "models", "gc", "--store", dir, "--yes")
	require.Equal(t, ExitFailure, code)
	require.Contains(t, errOut, plans[0]+" might refer to any result: it does not fit its digest")
	older := regexp.MustCompile(`,\s*"digest": "[0-9a-f]{64}"\s*}\s*$`).ReplaceAllString(changed, "}\n")
	require.NotEqual(t, changed, older)
	require.NoError(t, os.WriteFile(plans[0], []byte(older), 0o600))
	code, out, _ = runMain(t, "models", "gc", "--store", dir)
	require.Equal(t, ExitOK, code)
	require.Contains(t, out, filepath.Join(dir, runs[1]))
	require.Regexp(t, `(?m)^1 item, [\d.]+ kB: nothing was removed; --yes removes it$`, out)
	require.DirExists(t, filepath.Join(dir, runs[1]))

	code, out, _ = runMain(t, "models", "gc", "--store", dir, "--yes")
	require.Equal(t, ExitOK, code)
	require.Regexp(t, `(?m)^1 item removed, [\d.]+ kB$`, out)
	require.NoDirExists(t, filepath.Join(dir, runs[1]))
	require.DirExists(t, filepath.Join(dir, runs[0]))
}

// The files that an unfinished run resumes from are kept, and listed with its command.
func TestModelsGCKeepsUnfinishedRuns(t *testing.T) {
	dir := playedStore(t)
	runs := runsIn(t, dir)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "plans")))
	sweep := strings.Repeat("ab", 32)
	addOpen(t, dir, store.OpenRun{Sweep: sweep, Command: "backfire run --seed=1", Cells: []store.OpenCell{{Cell: runs[1]}}})

	code, out, errOut := runMain(t, "models", "gc", "--store", dir, "--yes")
	require.Equal(t, ExitOK, code, errOut)
	require.Regexp(t, `(?m)^1 item removed, [\d.]+ kB\nkept: [\d.]+ kB from which a run of 1 model, begun 0001-01-01T00:00:00Z, resumes \(--unfinished lists it\): backfire run --seed=1$`, out)
	require.NoDirExists(t, filepath.Join(dir, runs[0]))
	require.DirExists(t, filepath.Join(dir, runs[1]))

	code, out, _ = runMain(t, "models", "gc", "--store", dir, "--unfinished", "--yes")
	require.Equal(t, ExitOK, code)
	require.Regexp(t, `(?m)`+runs[1]+` +\S.*$`, out)
	require.Contains(t, out, "2 items removed, ")
	require.NoDirExists(t, filepath.Join(dir, runs[1]))
	code, out, _ = runMain(t, "models", "gc", "--store", dir, "--unfinished")
	require.Equal(t, ExitOK, code)
	require.Equal(t, "nothing to remove\n", out)
}

func TestModelsGCTakesTheAgeOfCheckpoints(t *testing.T) {
	var got *modelsOptions
	cmd := newCmdModelsGC(&IOStreams{}, func(_ context.Context, opts *modelsOptions) error {
		got = opts
		return nil
	})
	cmd.SetArgs([]string{"--checkpoint-age", "36h"})
	require.NoError(t, cmd.Execute())
	require.Equal(t, 36*time.Hour, got.CheckpointAge)
	require.False(t, got.Yes)
}
