package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments"
	"backfire/torchbridge"
)

// verifyOptions verify a store with this binary as the worker.
func verifyOptions(dir string) (opts *VerifyOptions, out func() string) {
	streams, stdout, _ := testStreams()
	return &VerifyOptions{
		IO: streams, Config: config.Options{Sets: []string{"store=" + dir, "device=cpu"}},
		Load: datasets.Load, CheckDevice: torchbridge.CheckDevice, Worker: testWorker,
	}, stdout.String
}

func TestVerify(t *testing.T) {
	dir := playedStore(t)
	runs := runsIn(t, dir)
	opts, out := verifyOptions(dir)
	opts.All = true
	require.NoError(t, runVerify(context.Background(), opts))
	require.Equal(t, 2*13, strings.Count(out(), "\n  ok    "))
	require.NotContains(t, out(), "fail")
	require.Contains(t, out(), runs[0]+"\n  ok    cell ")
	require.Contains(t, out(), "it predicts the same for all 96 probes\n")
	require.Contains(t, out(), "\n2 results, all as derived again\n")

	predictions := filepath.Join(dir, runs[1], experiments.PredictionsFile)
	data, err := os.ReadFile(predictions)
	require.NoError(t, err)
	data[0] = (data[0] + 1) % 10
	require.NoError(t, os.WriteFile(predictions, data, 0o600))
	opts, out = verifyOptions(dir)
	opts.Runs = []string{runs[0][:8], runs[1][:8]}
	err = runVerify(context.Background(), opts)
	require.ErrorIs(t, err, ErrVerify)
	require.ErrorContains(t, err, "1 of 2 results")
	require.Equal(t, ExitFailure, ExitCode(err))
	require.Contains(t, out(), "\n  fail  manifest       predictions.bin does not fit its SHA-256\n")
	require.Contains(t, out(), "\n  fail  model          it predicts another class for 1 of 96 probes\n")
}

func TestVerifyRefuses(t *testing.T) {
	dir := playedStore(t)
	for _, tc := range []struct {
		args  []string
		words string
	}{
		{nil, "name one or more runs, or give --all"},
		{[]string{"--all", "ab"}, "name one or more runs, or give --all"},
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
