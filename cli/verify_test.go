package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/launcher"
)

// verifyOptions verify a store with this binary as the worker.
func verifyOptions(t *testing.T, dir string) (opts *VerifyOptions, out func() string) {
	t.Helper()
	streams, stdout, _ := testStreams()
	return &VerifyOptions{StoredModelsOptions: storedModelsOptions(t, dir), IO: streams}, stdout.String
}

func TestVerify(t *testing.T) {
	dir := playedStore(t)
	runs := runsIn(t, dir)
	opts, out := verifyOptions(t, dir)
	opts.All = true
	require.NoError(t, runVerify(context.Background(), opts))
	require.Equal(t, 2*18+1, strings.Count(out(), "\n  ok    "))
	require.NotContains(t, out(), "fail")
	require.Contains(t, out(), runs[0]+"\n  ok    cell ")
	require.Contains(t, out(), "it predicts the same for all 96 probes\n")
	require.Contains(t, out(), "\n2 models, all as rederived\n")

	predictions := filepath.Join(dir, runs[1], store.PredictionsFile)
	data, err := os.ReadFile(predictions)
	require.NoError(t, err)
	data[0] = (data[0] + 1) % 10
	require.NoError(t, os.WriteFile(predictions, data, 0o600))
	opts, out = verifyOptions(t, dir)
	opts.Runs = []string{runs[0][:8], runs[1][:8]}
	err = runVerify(context.Background(), opts)
	require.ErrorIs(t, err, ErrVerify)
	require.ErrorContains(t, err, "1 of 2 models")
	require.Equal(t, ExitFailure, ExitCode(err))
	require.Contains(t, out(), "\n  fail  manifest       predictions.bin does not fit its SHA-256\n")
	require.Contains(t, out(), "\n  fail  model          it predicts another class for 1 of 96 probes\n")
}

// A summary that differs from its results is found.
func TestVerifySummaries(t *testing.T) {
	dir := playedStore(t)
	paths, err := filepath.Glob(filepath.Join(dir, "plans", "*", store.SweepFile))
	require.NoError(t, err)
	require.Len(t, paths, 1)
	text, err := os.ReadFile(paths[0])
	require.NoError(t, err)
	var sum summary.Summary
	require.NoError(t, json.Unmarshal(text, &sum))
	for _, change := range []func(*summary.Summary){
		func(s *summary.Summary) { s.Points[0].Games[1].CleanAccuracy.Hits++ },
		func(s *summary.Summary) { s.Points[0].Games[1].ASR.Mean /= 2 },
		func(s *summary.Summary) { s.Points[0].Games[1].Attackers[1].BaseRate.Hits++ },
		func(s *summary.Summary) { s.Points[0].Games[1].Attackers[0].SingleASR.Hits++ },
	} {
		require.NoError(t, json.Unmarshal(text, &sum))
		change(&sum)
		for _, digest := range []string{sum.Digest, ""} { // older versions wrote none
			sum.Digest = digest
			forged, err := json.Marshal(sum)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(paths[0], forged, 0o600))
			opts, out := verifyOptions(t, dir)
			opts.All = true
			require.ErrorIs(t, runVerify(context.Background(), opts), ErrVerify)
			reason := "it has other figures than its results: the game with N = 2, none, seed 1: its figures\n"
			if digest != "" {
				reason = "it does not fit its digest "
			}
			require.Contains(t, out(), paths[0]+"\n  fail  summary        summary: load "+paths[0]+": "+reason)
			require.Equal(t, 1, strings.Count(out(), "fail"))
		}
	}
}

// Without a stored model nothing needs the engine, and with one its absence is an open
// check.
func TestVerifyWithoutTheEngine(t *testing.T) {
	dir := playedStore(t)
	opts, out := verifyOptions(t, dir)
	opts.All = true
	opts.Describe = func(context.Context) (launcher.Description, error) { return launcher.Description{}, launcher.ErrEngine }
	err := runVerify(context.Background(), opts)
	require.ErrorIs(t, err, errUnchecked)
	require.Equal(t, ExitUnchecked, ExitCode(err))
	require.Equal(t, 2, strings.Count(out(), "\n  open  model          "+launcher.ErrEngine.Error()))
	require.NotContains(t, out(), "fail")

	runs := runsIn(t, dir)
	require.NoError(t, os.Remove(filepath.Join(dir, runs[0], store.ModelFile)))
	manifest := filepath.Join(dir, runs[0], store.ManifestFile)
	text, err := os.ReadFile(manifest)
	require.NoError(t, err)
	var content map[string]any
	require.NoError(t, json.Unmarshal(text, &content))
	files, ok := content["files"].(map[string]any)
	require.True(t, ok)
	delete(files, store.ModelFile)
	text, err = json.Marshal(content)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(manifest, text, 0o600))
	opts.All, opts.Runs = false, runs[:1]
	require.NoError(t, runVerify(context.Background(), opts))
	require.Contains(t, out(), "\n  ok    model          not stored\n")
}

func TestVerifyRefuses(t *testing.T) {
	dir := playedStore(t)
	for _, tc := range []struct {
		args  []string
		words string
	}{
		{nil, "give one or more runs or models, or --all"},
		{[]string{"--all", "ab"}, "give one or more runs or models, or --all"},
		{[]string{"zz"}, "not stored"},
		{[]string{"--all", "--store", filepath.Join(dir, "nowhere")}, "no run has stored anything there"},
		{[]string{"--all", "--set", "data.nam=mnist"}, "data.name"},
	} {
		code, out, errOut := runMain(t, append([]string{"verify", "--store", dir}, tc.args...)...)
		require.Equal(t, ExitUsage, code, errOut)
		require.Empty(t, out)
		require.Contains(t, errOut, tc.words)
	}
}

// Images that are not there leave checks open; a wrong file is wrong all the same.
func TestVerifyWithoutTheImages(t *testing.T) {
	dir := playedStore(t)
	opts, out := verifyOptions(t, dir)
	opts.All = true
	opts.Load = func(context.Context, datasets.Source) (*datasets.Set, error) { return nil, datasets.ErrMissing }
	err := runVerify(context.Background(), opts)
	require.ErrorIs(t, err, errUnchecked)
	require.ErrorContains(t, err, "2 of 2 models")
	require.Equal(t, ExitUnchecked, ExitCode(err))
	require.Contains(t, out(), "\n  open  data           ")
	require.Contains(t, out(), "\n  open  deal           not checked: data is missing or wrong\n")
	require.NotContains(t, out(), "fail")

	require.NoError(t, os.WriteFile(filepath.Join(dir, runsIn(t, dir)[0], store.PredictionsFile), []byte{1}, 0o600))
	err = runVerify(context.Background(), opts)
	require.ErrorIs(t, err, ErrVerify)
	require.ErrorContains(t, err, "1 of 2 models")
	require.Equal(t, ExitFailure, ExitCode(err))
}
