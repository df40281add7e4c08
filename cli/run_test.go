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
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/hardware"
	"backfire/launcher"
	"backfire/report"
	"backfire/report/table"
)

// runOptions are the options of a run of seconds on the embedded data: N = 1
// and 2, and no attacker alone but the one of N = 1. Sets come on top.
func runOptions(t *testing.T, sets ...string) (opts *SweepOptions, store string, out, errOut func() string) {
	t.Helper()
	streams, outBuffer, errBuffer := testStreams()
	store = filepath.Join(t.TempDir(), "runs")
	engine := testEngine(t)
	return &SweepOptions{
		RunOptions: RunOptions{
			IO: streams, Load: datasets.Load, Describe: engine.Describe, Worker: engine.Worker,
			Config: config.Options{Preset: "quick", Sets: append([]string{
				"store=" + store, "device=cpu", "pool.size=300", "model.width=2", "train.epochs=1",
				"attackers.counts=1,2", "attackers.singles=1", "attackers.p=0.3",
			}, sets...)},
		},
		Run: "run", Kind: report.Points, Seeds: 1, Estimate: noEstimate,
	}, store, outBuffer.String, errBuffer.String
}

func TestRunPrintsTheTableAndStoresTheResults(t *testing.T) {
	opts, st, out, errOut := runOptions(t)
	require.NoError(t, runSweep(context.Background(), opts))
	for _, words := range []string{"ASR by number of attackers on embedded", "acc.", "ASR mean ± std", "base rate", "robust.", "Pullover", "C1 backfiring", st} {
		require.Contains(t, out(), words)
	}
	require.Regexp(t, `(?m)^1( \[[a-z,]+\])? +\d.*\n  95 % CI, images +\d+ .*\n +\d+ .*\n2( \[[a-z,]+\])? +\d`, out())
	require.Regexp(t, `(?m)^  2  0-1 +\d+ \(\d+\) +\d+$`, out(), "attacker 0 was also played alone")
	for _, format := range table.Formats() {
		require.FileExists(t, filepath.Join(st, "tables", "run-embedded."+string(format)))
	}
	require.Contains(t, errOut(), "2 models to train, 0 stored: ")
	require.Contains(t, errOut(), "2 models; ")
	require.Contains(t, errOut(), "[2/2] ")
	require.NotContains(t, errOut(), "\x1b", "no terminal, no escape sequences")
	results, err := filepath.Glob(filepath.Join(st, "*", store.ResultFile))
	require.NoError(t, err)
	require.Len(t, results, 2)
	require.NotContains(t, strings.ToLower(out()), "no result")

	again, _, secondOut, secondErr := runOptions(t)
	again.Config = opts.Config
	again.Worker = func() (*exec.Cmd, error) { return nil, errors.New("no worker is needed") }
	require.NoError(t, runSweep(context.Background(), again))
	require.Equal(t, out(), secondOut(), "the table comes from the store")
	require.True(t, strings.HasSuffix(secondErr(), "\n2 models, 2 of them stored already\n"), secondErr())
}

// A stored model is retrained for an artefact that only a training gives.
func TestRunWithArtefacts(t *testing.T) {
	opts, st, out, _ := runOptions(t, "artefacts.model=false")
	require.NoError(t, runSweep(context.Background(), opts))
	again, _, secondOut, secondErr := runOptions(t, "store="+st, "artefacts.model=true", "artefacts.images=npz")
	require.NoError(t, runSweep(context.Background(), again))
	require.Equal(t, out(), secondOut())
	require.Contains(t, secondErr(), "is retrained: it lacks model.safetensors, training.npz\n")
	for _, name := range []string{store.ModelFile, store.TrainingFile} {
		found, err := filepath.Glob(filepath.Join(st, "*", name))
		require.NoError(t, err)
		require.Len(t, found, 2)
	}
}

func TestRunWithJSON(t *testing.T) {
	opts, store, out, errOut := runOptions(t)
	opts.JSON = true
	require.NoError(t, runSweep(context.Background(), opts))
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
	require.Equal(t, 1, kinds["estimate"])
	require.Equal(t, 1, kinds["table"])
	var last tableLine
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &last))
	require.Equal(t, "table", last.Event)
	require.False(t, last.Interrupted)
	require.NotNil(t, last.Failed)
	require.Len(t, last.Table.Rows, 2)
	require.Len(t, last.Table.AttackerRows, 1+2)
	require.NotNil(t, last.Table.AttackerRows[1].SingleASR)
	require.Len(t, last.Files, len(table.Formats()))
	require.Equal(t, "sweep.json", filepath.Base(last.Path))
	for _, path := range append(last.Files, last.Path) {
		require.FileExists(t, path)
		require.True(t, strings.HasPrefix(path, store))
	}
}

// Over several seeds each figure is a mean with an interval.
func TestRunOverSeeds(t *testing.T) {
	opts, _, out, _ := runOptions(t, "attackers.counts=1")
	opts.Seeds, opts.Out, opts.Run = 3, t.TempDir(), "quick"
	require.NoError(t, runSweep(context.Background(), opts))
	require.Regexp(t, `(?m)^1( \[a\])? +\d+ .*\n  95 % CI +\d+–\d+ +\d+–\d+`, out())
	require.Contains(t, out(), "3 models, 3 seeds (1, 2, 3), preset quick")
	text, err := os.ReadFile(filepath.Join(opts.Out, "quick-embedded.json"))
	require.NoError(t, err)
	var made table.Table
	require.NoError(t, json.Unmarshal(text, &made))
	require.Equal(t, []uint64{1, 2, 3}, made.Seeds)
	asr := made.Rows[0].Entries[1].Values[0]
	require.Equal(t, 3, asr.Seeds)
	require.Equal(t, table.OverSeeds, asr.CIOver)
	require.Len(t, made.AttackerRows, 3)
	require.Equal(t, "seed 2", made.AttackerRows[1].Point)
}

func TestDryRunOfARun(t *testing.T) {
	opts, st, out, errOut := runOptions(t)
	opts.DryRun, opts.Worker = true, noWorker(t)
	require.NoError(t, runSweep(context.Background(), opts))
	require.True(t, strings.HasPrefix(out(), "2 models to train, 0 stored: 1200 steps"), out())
	require.Empty(t, errOut())
	results, err := filepath.Glob(filepath.Join(st, "*", store.ResultFile))
	require.NoError(t, err)
	require.Empty(t, results)
}

// --dataset all plays the configuration on both of the paper's datasets.
func TestRunOnAllDatasets(t *testing.T) {
	opts, _, _, _ := runOptions(t)
	opts.DryRun, opts.Seeds = true, 2
	opts.Config.Flags = map[string]string{"data.name": allDatasets}
	opts.Load = loadUnderAnyName
	var names []string
	opts.Estimate = func(_ context.Context, _ estimate.Estimator, sweep *plan.Sweep) (*estimate.Estimate, error) {
		for _, point := range sweep.Points {
			names = append(names, point.Name)
		}
		return &estimate.Estimate{}, nil
	}
	require.NoError(t, runSweep(context.Background(), opts))
	require.Equal(t, []string{"mnist, seed 1", "mnist, seed 2", "cifar10, seed 1", "cifar10, seed 2"}, names)
}

func TestSeedsOfARunAreRefused(t *testing.T) {
	for _, tc := range []struct {
		seeds int
		set   string
	}{{0, "seed=1"}, {-1, "seed=1"}, {config.MaxPoints + 1, "seed=1"}, {2, "seed=18446744073709551615"}} {
		opts, _, _, _ := runOptions(t, tc.set)
		opts.Worker, opts.Seeds = noWorker(t), tc.seeds
		err := runSweep(context.Background(), opts)
		require.Equal(t, ExitUsage, ExitCode(err), err)
		require.ErrorContains(t, err, "seeds")
	}
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
		err := runSweep(ctx, opts)
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
	err := runSweep(context.Background(), opts)
	require.ErrorIs(t, err, ErrCellsFailed)
	require.Equal(t, ExitCellsFailed, ExitCode(err))
	require.Contains(t, err.Error(), "2 of 2 models")
	require.Contains(t, err.Error(), "diverged")
	require.Contains(t, errOut(), "FAILED")
	require.Regexp(t, `(?m)^1 \[a\] +-`, out())
	require.Regexp(t, `\[a\] No result, seed 1: [^\[]*diverged`, out())
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
			err := runSweep(context.Background(), opts)
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
	err := runSweep(context.Background(), opts)
	require.ErrorIs(t, err, hardware.ErrDevice)
	require.ErrorContains(t, err, "there are 1 CUDA devices")
	require.Equal(t, ExitFailure, ExitCode(err))
}

func TestRunFlags(t *testing.T) {
	streams, _, _ := testStreams()
	streams.Environ = []string{"A=b"}
	var got *SweepOptions
	runF := func(_ context.Context, opts *SweepOptions) error { got = opts; return nil }
	run := newCmdRun(streams, runF)
	run.SetArgs([]string{"--preset", "workstation", "--config", "c.yaml", "--set", "train.epochs=3", "--store", "there", "--json", "--seeds", "3", "--dry-run", "--out", "tables"})
	require.NoError(t, run.Execute())
	require.True(t, got.JSON && got.DryRun)
	require.Equal(t, []string{"run", "tables"}, []string{got.Run, got.Out})
	require.Equal(t, 3, got.Seeds)
	require.Equal(t, report.Points, got.Kind)
	require.Equal(t, config.Options{
		Preset: "workstation", File: "c.yaml", Sets: []string{"train.epochs=3"},
		Flags: map[string]string{"store": "there"}, Environ: streams.Environ,
	}, got.Config)

	quick := newCmdQuick(streams, runF)
	quick.SetArgs([]string{})
	require.NoError(t, quick.Execute())
	require.Equal(t, "quick", got.Config.Preset)
	require.False(t, got.JSON || got.DryRun)
	require.Equal(t, "quick", got.Run)
	require.Equal(t, quickSeeds, got.Seeds)

	quick.SetArgs([]string{"extra"})
	quick.SilenceErrors, quick.SilenceUsage = true, true
	require.Error(t, quick.Execute())
}
