package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/store"
	"backfire/internal/hardware"
	"backfire/launcher"
)

// runOptions are the options of a run of seconds on the embedded data: N = 1
// and 2, and no attacker alone but the one of N = 1. Sets come on top.
func runOptions(t *testing.T, sets ...string) (opts *RunOptions, store string, out, errOut func() string) {
	t.Helper()
	streams, outBuffer, errBuffer := testStreams()
	store = filepath.Join(t.TempDir(), "runs")
	engine := testEngine(t)
	return &RunOptions{
		IO: streams, Load: datasets.Load, Describe: engine.Describe, Worker: engine.Worker,
		Config: config.Options{Preset: "quick", Sets: append([]string{
			"store=" + store, "device=cpu", "pool.size=300", "model.width=2", "train.epochs=1",
			"attackers.counts=1,2", "attackers.singles=1", "attackers.p=0.3",
		}, sets...)},
	}, store, outBuffer.String, errBuffer.String
}

func TestRunPrintsTheTableAndStoresTheResults(t *testing.T) {
	opts, st, out, errOut := runOptions(t)
	require.NoError(t, runRun(context.Background(), opts))
	for _, words := range []string{"standard acc.", "ASR mean ± std", "robustness acc.", "Pullover", st} {
		require.Contains(t, out(), words)
	}
	require.Contains(t, errOut(), "2 models; ")
	require.Contains(t, errOut(), "[2/2] ")
	require.NotContains(t, errOut(), "\x1b", "no terminal, no escape sequences")
	results, err := filepath.Glob(filepath.Join(st, "*", store.ResultFile))
	require.NoError(t, err)
	require.Len(t, results, 2)
	require.NotContains(t, out(), "no result")

	again, _, secondOut, secondErr := runOptions(t)
	again.Config = opts.Config
	again.Worker = func() (*exec.Cmd, error) { return nil, errors.New("no worker is needed") }
	require.NoError(t, runRun(context.Background(), again))
	require.Equal(t, out(), secondOut(), "the table comes from the store")
	require.Equal(t, "2 models, 2 of them stored already\n", secondErr())
}

// What is stored already is trained again for an artefact that it lacks.
func TestRunWithArtefacts(t *testing.T) {
	opts, st, out, _ := runOptions(t)
	require.NoError(t, runRun(context.Background(), opts))
	again, _, secondOut, secondErr := runOptions(t, "store="+st, "artefacts.model=true", "artefacts.images=npz")
	require.NoError(t, runRun(context.Background(), again))
	require.Equal(t, out(), secondOut())
	require.Contains(t, secondErr(), "is trained again: it lacks model.safetensors, training.npz\n")
	for _, name := range []string{store.ModelFile, store.TrainingFile} {
		found, err := filepath.Glob(filepath.Join(st, "*", name))
		require.NoError(t, err)
		require.Len(t, found, 2)
	}
}

func TestRunWithJSON(t *testing.T) {
	opts, store, out, errOut := runOptions(t)
	opts.JSON = true
	require.NoError(t, runRun(context.Background(), opts))
	require.Empty(t, errOut())
	lines := strings.Split(strings.TrimSpace(out()), "\n")
	kinds := map[string]int{}
	for _, line := range lines {
		var event struct {
			Event string `json:"event"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &event), line)
		kinds[event.Event]++
	}
	require.Equal(t, 1, kinds["plan"])
	require.Equal(t, 2, kinds["done"])
	var last summaryLine
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &last))
	require.Equal(t, "summary", last.Event)
	require.False(t, last.Interrupted)
	require.NotNil(t, last.Failed)
	require.Len(t, last.Summary.Rows, 2)
	require.NotNil(t, last.Summary.Rows[1].Attackers[0].SingleASR)
	require.FileExists(t, last.Path)
	require.True(t, strings.HasPrefix(last.Path, store))
}

func TestRunThatIsInterruptedSaysHowToGoOn(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		opts, store, out, _ := runOptions(t)
		opts.JSON = asJSON
		ctx, interrupt := context.WithCancel(context.Background())
		worker := opts.Worker
		opts.Worker = func() (*exec.Cmd, error) {
			interrupt() // while the first worker starts
			return worker()
		}
		err := runRun(ctx, opts)
		var interrupted *InterruptedError
		require.ErrorAs(t, err, &interrupted)
		require.Equal(t, ExitInterrupted, ExitCode(err))
		require.Contains(t, err.Error(), "stored in "+store+": 0 of 2 models; repeat the command to resume")
		require.Equal(t, asJSON, strings.Contains(out(), `"interrupted":true`), out())
	}
}

// One model fails for good: the table shows the others, the exit code is 3.
func TestRunWithAFailedCell(t *testing.T) {
	opts, _, out, errOut := runOptions(t, "train.lr=1e30")
	err := runRun(context.Background(), opts)
	require.ErrorIs(t, err, ErrCellsFailed)
	require.Equal(t, ExitCellsFailed, ExitCode(err))
	require.Contains(t, err.Error(), "2 of 2 models")
	require.Contains(t, err.Error(), "diverged")
	require.Contains(t, errOut(), "FAILED")
	require.Contains(t, out(), "no result")
}

func TestRunRefusesBadInputBeforeTraining(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for name, tc := range map[string]struct {
		set  string
		code int
		says string
	}{
		"p over 1":           {"attackers.p=1.5", ExitUsage, "attackers.p"},
		"no attackers":       {"attackers.counts=0", ExitUsage, "attackers.counts"},
		"too many attackers": {"attackers.counts=200", ExitUsage, "200 attackers"},
		"unknown label":      {"attackers.label=bird", ExitUsage, "bird"},
		"unknown key":        {"train.epoch=3", ExitUsage, "train.epochs"},
		"unknown device":     {"device=tpu", ExitUsage, "tpu"},
		"missing data":       {"data.name=cifar10", ExitFailure, "data fetch cifar10"},
		"store is a file":    {"store=" + file, ExitFailure, file},
		"pool too large":     {"pool.size=20000", ExitUsage, "20000"},
	} {
		t.Run(name, func(t *testing.T) {
			opts, st, out, errOut := runOptions(t, "data.dir="+t.TempDir(), tc.set)
			opts.Worker = func() (*exec.Cmd, error) {
				t.Error("a worker was started")
				return nil, errors.New("no")
			}
			err := runRun(context.Background(), opts)
			require.Error(t, err)
			require.Equal(t, tc.code, ExitCode(err), err)
			require.Contains(t, err.Error(), tc.says)
			require.NotContains(t, err.Error(), "\n")
			require.Empty(t, out()+errOut())
			results, err := filepath.Glob(filepath.Join(st, "*", store.ResultFile))
			require.NoError(t, err)
			require.Empty(t, results)
		})
	}
}

func TestRunWithoutTheDeviceAskedFor(t *testing.T) {
	opts, _, _, _ := runOptions(t, "device=cuda:1")
	opts.Describe = func(context.Context) (launcher.Description, error) {
		return launcher.Description{Libtorch: hardware.Env{Variant: "cuda", GPUs: []hardware.GPU{{Name: "Big GPU"}}}}, nil
	}
	err := runRun(context.Background(), opts)
	require.ErrorIs(t, err, hardware.ErrDevice)
	require.ErrorContains(t, err, "there are 1 CUDA devices")
	require.Equal(t, ExitFailure, ExitCode(err))
}

func TestRunFlags(t *testing.T) {
	streams, _, _ := testStreams()
	streams.Environ = []string{"A=b"}
	var got *RunOptions
	runF := func(_ context.Context, opts *RunOptions) error { got = opts; return nil }
	run := NewCmdRun(streams, runF)
	run.SetArgs([]string{"--preset", "workstation", "--config", "c.yaml", "--set", "train.epochs=3", "--store", "there", "--json"})
	require.NoError(t, run.Execute())
	require.True(t, got.JSON)
	require.Equal(t, config.Options{
		Preset: "workstation", File: "c.yaml", Sets: []string{"train.epochs=3"},
		Flags: map[string]string{"store": "there"}, Environ: streams.Environ,
	}, got.Config)

	quick := NewCmdQuick(streams, runF)
	quick.SetArgs([]string{})
	require.NoError(t, quick.Execute())
	require.Equal(t, "quick", got.Config.Preset)
	require.False(t, got.JSON)

	quick.SetArgs([]string{"extra"})
	quick.SilenceErrors, quick.SilenceUsage = true, true
	require.Error(t, quick.Execute())
}
