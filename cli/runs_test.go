package cli

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/experiments/summary"
)

// listed returns the lines of "runs list --json" of a store.
func listed(t *testing.T, dir string) []runLine {
	t.Helper()
	code, out, errOut := runMain(t, "runs", "list", "--store", dir, "--json")
	require.Equal(t, ExitOK, code, errOut)
	var lines []runLine
	for text := range strings.Lines(out) {
		var line runLine
		require.NoError(t, json.Unmarshal([]byte(text), &line))
		lines = append(lines, line)
	}
	return lines
}

// addRun writes a summary to a store and returns its hash. change may change it.
func addRun(t *testing.T, dir, hash string, change func(*summary.Summary)) string {
	t.Helper()
	st, err := store.OpenExisting(dir)
	require.NoError(t, err)
	paths, err := st.Summaries("")
	require.NoError(t, err)
	sum, err := summary.Load(paths[0])
	require.NoError(t, err)
	sum.Sweep = strings.Repeat(hash, 32)
	change(sum)
	require.NoError(t, sum.Write(context.Background(), st))
	return sum.Sweep
}

// addOpen writes the note of an unfinished run to a store.
func addOpen(t *testing.T, dir string, note store.OpenRun) {
	t.Helper()
	st, err := store.Open(dir)
	require.NoError(t, err)
	require.NoError(t, st.NoteRun(context.Background(), note))
}

// withCommand gives a summary a command and a title.
func withCommand(command, kind, title string) func(*summary.Summary) {
	return func(s *summary.Summary) {
		s.Origin = &summary.Request{Kind: kind, Name: "table1", Title: title, Command: command}
	}
}

func TestRunsList(t *testing.T) {
	dir := playedStore(t)
	models := runsIn(t, dir)
	first := listed(t, dir)
	require.Len(t, first, 1)
	require.Regexp(t, `^N = 1, 2: ASR \d+, \d+ %$`, first[0].Headline)
	require.True(t, first[0].Complete)
	require.Equal(t, 2, first[0].Games)
	require.FileExists(t, first[0].Path)

	table := addRun(t, dir, "ab", withCommand("backfire table 1", "table1", "ASR by poison rate"))
	missing := addRun(t, dir, "cd", func(s *summary.Summary) {
		withCommand("backfire run --seed=2", "points", "")(s)
		s.Missing = []summary.Missing{{Cell: "ef", Title: "N = 2"}}
		s.Points[0].Games[1].Complete = false
	})
	addOpen(t, dir, store.OpenRun{
		Sweep: strings.Repeat("ef", 32), Command: "backfire sweep mine.yaml", Begun: time.Now().Add(time.Hour),
		Cells: []store.OpenCell{{Cell: models[0]}, {Cell: "none"}, {Cell: "neither"}},
	})
	lines := listed(t, dir)
	require.Len(t, lines, 4)
	require.Equal(t, "unfinished, 1 of 3 models stored", lines[0].State)
	require.Equal(t, "no result yet", lines[0].Headline)
	require.True(t, lines[0].Open)
	require.Equal(t, missing, lines[1].Run, "the newest summary")
	require.Equal(t, "1 model missing", lines[1].State)
	require.Equal(t, 1, lines[1].Missing)
	require.False(t, lines[1].Complete)
	require.Regexp(t, `^N = 1, 2: ASR \d+, - %$`, lines[1].Headline)
	require.Equal(t, table, lines[2].Run)
	require.Equal(t, "ASR by poison rate, 2 games", lines[2].Headline)
	require.Equal(t, first[0].Run, lines[3].Run)

	code, out, errOut := runMain(t, "runs", "list", "--store", dir)
	require.Equal(t, ExitOK, code, errOut)
	require.Regexp(t, `^RUN +WHEN +STATE +RESULT +COMMAND\n`, out)
	require.Regexp(t, `(?m)^abababababab +\d{4}-\d\d-\d\d \d\d:\d\d +complete +ASR by poison rate, 2 games +backfire table 1$`, out)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "plans", table, store.SweepFile), []byte("{"), 0o600))
	code, out, errOut = runMain(t, "runs", "list", "--store", dir)
	require.Equal(t, ExitOK, code)
	require.NotContains(t, out, "abababababab")
	require.Contains(t, errOut, table, "a summary that cannot be read is named")
}

// A finished run has the times at which it began and ended, wherever its files are copied; the
// summary of an older version has that of its file.
func TestRunsListHasTheTimesOfFinishedRuns(t *testing.T) {
	dir := playedStore(t)
	played := listed(t, dir)[0]
	begun, finished := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(2026, 1, 2, 5, 0, 0, 0, time.UTC)
	addRun(t, dir, "ab", func(s *summary.Summary) {
		withCommand("backfire table 1", "table1", "")(s)
		s.Origin.Begun, s.Origin.Finished = begun, finished
	})
	addRun(t, dir, "cd", withCommand("backfire table 2", "table1", ""))
	lines := listed(t, dir)
	require.Len(t, lines, 3)
	require.Equal(t, "backfire table 2", lines[0].Command, "its file is new")
	require.Empty(t, lines[0].Finished)
	require.Equal(t, played.Run, lines[1].Run)
	require.Equal(t, played.Finished, lines[1].When)
	require.LessOrEqual(t, lines[1].Begun, lines[1].Finished)
	require.Equal(t, "2026-01-02T05:00:00Z", lines[2].When)
	require.Equal(t, "2026-01-02T03:04:05Z", lines[2].Begun)
}

// An unfinished run whose summary an older version wrote under the hash of its plan is
// one run.
func TestRunsListJoinsTheNotesOfOlderRuns(t *testing.T) {
	dir := playedStore(t)
	paths, err := filepath.Glob(filepath.Join(dir, "plans", "*", store.SummaryFile))
	require.NoError(t, err)
	if len(paths) == 0 {
		t.Skip("the store has no summary of the older kind")
	}
	text, err := os.ReadFile(paths[0])
	require.NoError(t, err)
	text = []byte(strings.Replace(string(text), `"missing": []`, `"missing": [{"cell": "ef", "title": "N = 2"}]`, 1))
	text = []byte(strings.Replace(string(text), `"command": ""`, `"command": "backfire run"`, 1))
	require.NoError(t, os.WriteFile(paths[0], text, 0o600))
	addOpen(t, dir, store.OpenRun{Sweep: strings.Repeat("ef", 32), Command: "backfire run", Cells: []store.OpenCell{{Cell: "ef"}}})
	lines := listed(t, dir)
	require.Len(t, lines, 1)
	require.True(t, lines[0].Open)
	require.Equal(t, "1 model missing", lines[0].State)
}

// docs/results-format.md has all fields of a line.
func TestEveryFieldOfARunIsDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "results-format.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## The JSON of `runs`\n")
	require.True(t, found)
	var documented []string
	for line := range strings.Lines(section) {
		if name, ok := strings.CutPrefix(line, "| `"); ok {
			documented = append(documented, name[:strings.IndexByte(name, '`')])
		}
	}
	line, err := json.Marshal(runLine{Path: "summary"})
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(line, &fields))
	require.ElementsMatch(t, slices.Collect(maps.Keys(fields)), documented)
}

func TestRunsShow(t *testing.T) {
	dir := playedStore(t)
	models := runsIn(t, dir)
	run := listed(t, dir)[0].Run
	for _, name := range []string{"latest", run[:8], run} {
		code, out, errOut := runMain(t, "runs", "show", name, "--store", dir)
		require.Equal(t, ExitOK, code, errOut)
		require.Empty(t, errOut)
		for _, pattern := range []string{
			`(?m)^run +` + run + `$`, `(?m)^state +complete$`, `(?m)^data +embedded, 300 of 10000 images of 1x28x28$`,
			`(?m)^network +\S+, width 2$`, `(?m)^training +1 epoch in batches of `, `(?m)^readings +trigger per_dimension`,
			`(?m)^POINT +SEED +N +DEFENDER +STANDARD ACC. % +ASR % +BASE RATE % +ROBUSTNESS ACC. % +HITS OF EACH ATTACKER +MODELS$`,
			`(?m)^- +1 +2 +none +\d+ \(\d+/\d+\) +[\d.]+ ± [\d.]+ .* ` + models[1][:12] + `$`,
			`(?m)^\S+` + run + `/(summary|sweep).json +[\d.]+ kB$`,
		} {
			require.Regexp(t, pattern, out)
		}
	}
	code, out, _ := runMain(t, "runs", "show", "latest", "--store", dir, "--json")
	require.Equal(t, ExitOK, code)
	var shown struct {
		runLine
		Summary *summary.Summary
	}
	require.NoError(t, json.Unmarshal([]byte(out), &shown))
	require.Equal(t, run, shown.Run)
	require.Len(t, shown.Summary.Points[0].Games, 2)

	addOpen(t, dir, store.OpenRun{Sweep: strings.Repeat("ef", 32), Command: "backfire run --seed=2", Begun: time.Now().Add(time.Hour)})
	code, out, errOut := runMain(t, "runs", "show", "latest", "--store", dir)
	require.Equal(t, ExitOK, code, errOut)
	require.Regexp(t, `(?m)^command +backfire run --seed=2\n(.*\n)*state +unfinished, 0 of 0 models stored\n(.*\n)*\S+open.json `, out)
	for _, args := range [][]string{
		{"report", "latest", "-o", filepath.Join(t.TempDir(), "page.html")},
		{"predict", "--run", "latest", "--sample", "1"},
		{"verify", "latest"},
	} {
		code, _, errOut := runMain(t, append(args, "--store", dir)...)
		require.Equal(t, ExitUsage, code, errOut)
		require.Contains(t, errOut, "still running or was interrupted")
	}
}

// The former commands about models tell their new names, and do what they did.
func TestFormerRunsCommands(t *testing.T) {
	dir := playedStore(t)
	models := runsIn(t, dir)
	for name, tc := range map[string]struct {
		args    []string
		renamed string
		same    []string
	}{
		"show":        {[]string{"runs", "show", models[0][:8]}, "models show MODEL", []string{"models", "show", models[0]}},
		"show a path": {[]string{"runs", "show", filepath.Join(dir, models[0])}, "models show MODEL", []string{"models", "show", models[0]}},
		"diff":        {[]string{"runs", "diff", models[0], models[1], "--json"}, "models diff", []string{"models", "diff", models[0], models[1], "--json"}},
		"gc":          {[]string{"runs", "gc"}, "models gc", []string{"models", "gc"}},
		"list":        {[]string{"runs", "list", "--filter", "asr.n>=2"}, "models list --filter", []string{"models", "list", "--filter", "asr.n>=2"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := runMain(t, append(tc.args, "--store", dir)...)
			require.Equal(t, ExitOK, code, errOut)
			require.Regexp(t, `^"backfire [^\n]+" is now "backfire `+tc.renamed+`"; [^\n]+\n$`, errOut)
			code, same, errOut := runMain(t, append(tc.same, "--store", dir)...)
			require.Equal(t, ExitOK, code, errOut)
			require.Empty(t, errOut)
			require.Equal(t, withoutAges(same), withoutAges(out))
		})
	}
	code, out, _ := runMain(t, "runs", "--help")
	require.Equal(t, ExitOK, code)
	require.NotContains(t, out, "diff")
	require.NotContains(t, out, "gc")
}

// withoutAges removes the ages from a list, which grow.
func withoutAges(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		kept = append(kept, strings.TrimRight(strings.TrimSuffix(strings.TrimRight(line, "\n"), " s"), "0123456789"))
	}
	return strings.Join(kept, "\n")
}

func TestRunsRefuse(t *testing.T) {
	dir := playedStore(t)
	addRun(t, dir, "ab", withCommand("backfire table 1", "table1", ""))
	addRun(t, dir, "ac", withCommand("backfire table 2", "table2", ""))
	for _, tc := range []struct {
		args  []string
		words string
	}{
		{[]string{"show", "zz"}, `runs show: find "zz" in `},
		{[]string{"show", "zz"}, `there is no such run; "backfire runs list" shows the runs`},
		{[]string{"show", ""}, "there is no such run"},
		{[]string{"show", "a"}, " runs begin so: give more of the hash"},
		{[]string{"list", "--store", filepath.Join(dir, "nowhere")}, "no run has stored anything there"},
	} {
		code, out, errOut := runMain(t, append([]string{"runs", tc.args[0], "--store", dir}, tc.args[1:]...)...)
		require.Equal(t, ExitUsage, code, "%v: %s", tc.args, errOut)
		require.Empty(t, out)
		require.Contains(t, errOut, tc.words)
	}
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "plans")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "plans"), 0o700))
	code, out, _ := runMain(t, "runs", "list", "--store", dir)
	require.Equal(t, ExitOK, code)
	require.Equal(t, "no run\n", out)
	code, _, errOut := runMain(t, "report", "latest", "--store", dir)
	require.Equal(t, ExitUsage, code)
	require.Contains(t, errOut, "has no run")
}

// A run stands for its models and its summary where models are verified, and latest is
// accepted by report and predict.
func TestRunsAreAcceptedWhereTheyAreNamed(t *testing.T) {
	dir := playedStore(t)
	opts, out := verifyOptions(t, dir)
	opts.Runs = []string{"latest", runsIn(t, dir)[0][:8], listed(t, dir)[0].Run[:10]}
	require.NoError(t, runVerify(context.Background(), opts))
	require.Contains(t, out(), "\n2 models, all as rederived\n")
	require.Regexp(t, `(?m)^\S+(summary|sweep)\.json\n  ok `, out())

	page := filepath.Join(t.TempDir(), "page.html")
	code, _, errOut := runMain(t, "report", "latest", "--store", dir, "-o", page)
	require.Equal(t, ExitOK, code, errOut)
	require.FileExists(t, page)

	ask, answer := predictOptions(t, dir, "latest")
	ask.Attackers, ask.Sample = 2, 2
	require.NoError(t, runPredict(context.Background(), ask))
	require.Len(t, predictions(t, answer()), 2)
}
