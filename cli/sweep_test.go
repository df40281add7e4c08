package cli

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/hardware"
	"backfire/report"
	"backfire/report/table"
)

// smallSweep is a sweep of seconds: the games N = 1 and N = 2 at two sizes of
// the trigger, of which N = 1 is one and the same.
const smallSweep = `
name: box size
title: Does the size of the box matter
preset: quick
base:
  pool.size: 300
  model.width: 2
  train.epochs: 1
  attackers: {counts: [1, 2], singles: 1, p: 0.3}
list:
  - {name: small, attackers.p1: 0.3}
  - {name: large, attackers.p1: 0.6}
`

// sweepOptions are the options of a sweep of seconds. Sets come on top.
func sweepOptions(t *testing.T, sets ...string) (opts *SweepOptions, out, errOut func() string) {
	t.Helper()
	streams, outBuffer, errBuffer := testStreams()
	file := filepath.Join(t.TempDir(), "mine.yaml")
	require.NoError(t, os.WriteFile(file, []byte(smallSweep), 0o600))
	engine := testEngine(t)
	return &SweepOptions{
		RunOptions: RunOptions{
			IO: streams, Load: datasets.Load, Describe: engine.Describe, Worker: engine.Worker,
			Config: config.Options{Sets: append([]string{"store=" + filepath.Join(t.TempDir(), "runs"), "device=cpu"}, sets...)},
		},
		Sweep: file, Kind: report.Points, Out: t.TempDir(), Estimate: noEstimate,
	}, outBuffer.String, errBuffer.String
}

// noEstimate stands in for a measurement.
func noEstimate(_ context.Context, _ estimate.Estimator, sweep *plan.Sweep) (*estimate.Estimate, error) {
	return &estimate.Estimate{
		Models: len(sweep.Cells), AtMost: len(sweep.Cells) + 9, Steps: 1200, Images: 38400, Seconds: 75, SecondsAtLeast: 75, SecondsAtMost: 75, Workers: 2,
		Speeds: []estimate.Speed{{Network: "width 2", Width: 2, Batch: 32, Models: len(sweep.Cells), ImagesPerSecond: 256, Slowest: 256, Fastest: 256, Source: estimate.SpeedStored}},
	}, nil
}

// noWorker fails a test that trains anything.
func noWorker(t *testing.T) func() (*exec.Cmd, error) {
	return func() (*exec.Cmd, error) {
		t.Error("a worker was started")
		return nil, errors.New("no worker is needed")
	}
}

func TestSweepMakesItsTable(t *testing.T) {
	opts, out, errOut := sweepOptions(t)
	require.NoError(t, runSweep(context.Background(), opts))
	require.Regexp(t, `(?m)^small +0\.3 +1 .*\d`, out())
	require.Regexp(t, `(?m)^large +0\.6 +2 .*\d`, out())
	require.Contains(t, out(), "Does the size of the box matter on embedded")
	require.Contains(t, out(), "4 models, 1 seed (1), preset quick: 300 of 10000 images of embedded")
	require.Contains(t, errOut(), "4 models to train, 0 stored: 1200 steps, 38400 images, about 1 min 15 s with 2 trainings at a time\n")
	require.Contains(t, errOut(), "[4/4] ")
	for _, format := range table.Formats() {
		name := filepath.Join(opts.Out, "box-size-embedded."+string(format))
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NotEmpty(t, text)
		if format == table.FormatText {
			require.True(t, strings.HasPrefix(out(), string(text)), "the table that was shown")
		}
	}

	again, secondOut, _ := sweepOptions(t)
	again.Config, again.Sweep, again.Out, again.Worker = opts.Config, opts.Sweep, opts.Out, noWorker(t)
	require.NoError(t, runSweep(context.Background(), again))
	require.Equal(t, out(), secondOut(), "the table comes from the store")
}

func TestSweepWithJSON(t *testing.T) {
	opts, out, errOut := sweepOptions(t)
	opts.JSON, opts.Out = true, ""
	require.NoError(t, runSweep(context.Background(), opts))
	require.Empty(t, errOut())
	lines := strings.Split(strings.TrimSpace(out()), "\n")
	var first struct {
		Event  string `json:"event"`
		Models int    `json:"models"`
	}
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
	require.Equal(t, "estimate", first.Event)
	require.Equal(t, 4, first.Models)
	var last tableLine
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &last))
	require.Equal(t, "table", last.Event)
	require.False(t, last.Interrupted)
	require.Empty(t, last.Failed)
	require.FileExists(t, last.Path)
	require.Len(t, last.Table.Rows, 4)
	require.Len(t, last.Files, len(table.Formats()))
	for _, file := range last.Files {
		require.FileExists(t, file)
		require.Equal(t, "tables", filepath.Base(filepath.Dir(file)), "in the store")
	}
}

// On a GPU as many models are trained at a time as pay, of those that fit into what
// is free of its memory.
func TestSweepFillsTheGPU(t *testing.T) {
	for name, free := range map[string]int64{"room for one": 1 << 30, "room for all": 1 << 40, "not known": 0} {
		t.Run(name, func(t *testing.T) {
			opts, out, _ := sweepOptions(t)
			opts.DryRun = true
			opts.Config.Sets = append(opts.Config.Sets, "device=cuda:1")
			opts.Describe = describing(hardware.Env{Variant: "cuda", GPUs: []hardware.GPU{{Free: 1 << 35}, {Free: free}}})
			trials := []estimate.Trial{{Models: 1, ImagesPerSecond: 100}, {Models: 2, ImagesPerSecond: 199.7}, {Models: 4, ImagesPerSecond: 201}}
			opts.Choose = func(_ context.Context, e estimate.Estimator, sweep *plan.Sweep, shared bool) (estimate.Estimator, error) {
				want, _ := estimate.Resources("cuda:1", free, 1, 0, 0, sweep.Cells)
				require.Equal(t, "cuda:1", e.Device)
				require.Equal(t, want, e.Workers, "as many as are worth a try")
				require.Equal(t, want, e.PerProcess)
				require.False(t, shared)
				e.Workers, e.Trials = 2, trials
				return e, nil
			}
			opts.Estimate = func(_ context.Context, e estimate.Estimator, _ *plan.Sweep) (*estimate.Estimate, error) {
				require.Equal(t, 2, e.Workers)
				return &estimate.Estimate{Workers: e.Workers, Trials: e.Trials}, nil
			}
			require.NoError(t, runSweep(context.Background(), opts))
			require.Contains(t, out(), "\n2 trainings at a time: measured now, in images/s of all together, 100 with 1, 200 with 2, 201 with 4.\n")

			// What the user asks for is not measured.
			opts.Config.Sets = append(opts.Config.Sets, "workers=3")
			opts.Choose = nil
			opts.Estimate = func(_ context.Context, e estimate.Estimator, _ *plan.Sweep) (*estimate.Estimate, error) {
				require.Equal(t, []int{3, 3}, []int{e.Workers, e.PerProcess})
				return &estimate.Estimate{}, nil
			}
			require.NoError(t, runSweep(context.Background(), opts))
		})
	}
}

func TestDryRunTrainsNothing(t *testing.T) {
	opts, out, errOut := sweepOptions(t)
	opts.DryRun, opts.Estimate = true, estimateSweep
	require.NoError(t, runSweep(context.Background(), opts))
	require.Equal(t, "measuring how fast width 2 trains, 2 at a time (1 of 3)\n"+
		"measuring how fast width 2 trains, 2 at a time (2 of 3)\nmeasuring how fast width 2 trains, 2 at a time (3 of 3)\n", errOut())
	// 240 images in 8 steps, for each of four models.
	require.Regexp(t, `^4 models to train, 0 stored: 32 steps, 960 images, (about \d+ s|\d+ s to \d+ s) with \d+ trainings? at a time\n`+
		`  width 2 on 1 x 28 x 28, batch 32: \d+( to \d+)? images/s per training, measured now \(4 models\)\n$`, out())
	entries, err := os.ReadDir(opts.Out)
	require.NoError(t, err)
	require.Empty(t, entries)
	results, err := filepath.Glob(filepath.Join(filepath.Dir(opts.Sweep), "..", "*", "runs", "*", store.ResultFile))
	require.NoError(t, err)
	require.Empty(t, results)
}

func TestEstimateText(t *testing.T) {
	require.Equal(t, "0 models to train, 1 stored\n", estimateText(&estimate.Estimate{Stored: 1}))
	require.Contains(t, estimateText(&estimate.Estimate{UpperBound: true}), "\nSteps, images and time are the most: train.stop_when may end a training early.\n")
	e, err := noEstimate(context.Background(), estimate.Estimator{}, &plan.Sweep{Cells: make([]cell.Cell, 1)})
	require.NoError(t, err)
	require.Contains(t, estimateText(e), "\nUp to 10 models if triggers do not work alone and are redrawn.\n")
	require.Contains(t, estimateText(e), "256 images/s per training, from the store (1 model)\n")
	e.SecondsAtMost, e.Speeds[0].Slowest = 2*e.Seconds, 128
	require.Contains(t, estimateText(e), ", 1 min 15 s to 2 min 30 s with 2 trainings at a time\n")
	require.Contains(t, estimateText(e), "128 to 256 images/s per training, from the store (1 model)\n")
}

func TestSweepThatIsInterrupted(t *testing.T) {
	opts, out, _ := sweepOptions(t)
	ctx, interrupt := context.WithCancel(context.Background())
	worker := opts.Worker
	opts.Worker = func() (*exec.Cmd, error) {
		interrupt() // while the first worker starts
		return worker()
	}
	err := runSweep(ctx, opts)
	require.Equal(t, ExitInterrupted, ExitCode(err))
	require.Contains(t, err.Error(), "repeat the command to resume")
	require.Empty(t, out())
	entries, err := os.ReadDir(opts.Out)
	require.NoError(t, err)
	require.Empty(t, entries)
}

// What failed is a dash with its cause; the exit code is 3.
func TestSweepWithFailedCells(t *testing.T) {
	opts, out, _ := sweepOptions(t, "train.lr=1e30")
	err := runSweep(context.Background(), opts)
	require.Equal(t, ExitCellsFailed, ExitCode(err))
	require.Regexp(t, `(?m)^small +0\.3 +1 \[a\] +-`, out())
	require.Regexp(t, `\[a\] No result, seed 1: .*diverged`, out())
	require.FileExists(t, filepath.Join(opts.Out, "box-size-embedded.tex"))
}

func TestSweepRefusesBadInputBeforeTraining(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(opts *SweepOptions)
		code   int
		says   string
	}{
		"no such file":    {func(o *SweepOptions) { o.Sweep = "nowhere.yaml" }, ExitUsage, "nowhere.yaml"},
		"what points set": {func(o *SweepOptions) { o.Config.Sets = append(o.Config.Sets, "attackers.p1=0.5") }, ExitUsage, "attackers.p1"},
		"unknown key":     {func(o *SweepOptions) { o.Config.Sets = append(o.Config.Sets, "train.epoch=5") }, ExitUsage, "train.epochs"},
		"too many": {func(o *SweepOptions) {
			o.Config.Sets = append(o.Config.Sets, "attackers.counts=200")
		}, ExitUsage, "200 attackers"},
		"negative seeds":  {func(o *SweepOptions) { o.Seeds = -1 }, ExitUsage, "-1 seeds"},
		"unknown dataset": {func(o *SweepOptions) { o.Config.Flags = map[string]string{"data.name": "imagenet"} }, ExitUsage, "imagenet"},
		"missing data": {func(o *SweepOptions) {
			o.Config.Flags = map[string]string{"data.name": allDatasets}
			o.Config.Sets = append(o.Config.Sets, "data.dir="+o.Out)
		}, ExitFailure, "data fetch mnist"},
		"out is a file": {func(o *SweepOptions) { o.Out = filepath.Join(o.Sweep, "tables") }, ExitFailure, "directory"},
	} {
		t.Run(name, func(t *testing.T) {
			opts, out, _ := sweepOptions(t)
			opts.Worker = noWorker(t)
			tc.change(opts)
			err := runSweep(context.Background(), opts)
			require.Error(t, err)
			require.Equal(t, tc.code, ExitCode(err), err)
			require.Contains(t, err.Error(), tc.says)
			require.Empty(t, out())
		})
	}
}

// loadUnderAnyName loads the embedded images as the dataset of whatever name is asked for.
func loadUnderAnyName(ctx context.Context, source datasets.Source) (*datasets.Set, error) {
	set, err := datasets.Load(ctx, datasets.Source{Name: "embedded"})
	if err != nil {
		return nil, err
	}
	other := *set
	other.Name, other.Checksum = source.Name, fmt.Sprintf("%x", sha256.Sum256([]byte(source.Name)))
	return &other, nil
}

// --dataset all plays the points on both of the paper's datasets, as one sweep.
func TestAllDatasets(t *testing.T) {
	opts, _, _ := sweepOptions(t)
	opts.DryRun, opts.Seeds = true, 2
	opts.Config.Flags = map[string]string{"data.name": allDatasets}
	opts.Load = loadUnderAnyName
	var names []string
	opts.Estimate = func(_ context.Context, _ estimate.Estimator, sweep *plan.Sweep) (*estimate.Estimate, error) {
		for _, point := range sweep.Points {
			names = append(names, point.Name)
		}
		require.Len(t, sweep.Cells, 2*2*4)
		return &estimate.Estimate{}, nil
	}
	require.NoError(t, runSweep(context.Background(), opts))
	require.Equal(t, []string{
		"mnist, small, seed 1", "mnist, large, seed 1", "mnist, small, seed 2", "mnist, large, seed 2",
		"cifar10, small, seed 1", "cifar10, large, seed 1", "cifar10, small, seed 2", "cifar10, large, seed 2",
	}, names)
	require.Equal(t, allDatasets, opts.Config.Flags["data.name"], "the caller's options stay as they are")
}

func TestSweepFlags(t *testing.T) {
	streams, _, _ := testStreams()
	var got *SweepOptions
	runF := func(_ context.Context, opts *SweepOptions) error { got = opts; return nil }
	sweep := newCmdSweep(streams, runF)
	sweep.SilenceErrors, sweep.SilenceUsage = true, true
	sweep.SetArgs([]string{"mine.yaml", "--preset", "workstation", "--seeds", "3", "--out", "there", "--dry-run", "--json", "--workers", "2"})
	require.NoError(t, sweep.Execute())
	require.Equal(t, "mine.yaml", got.Sweep)
	require.Equal(t, report.Points, got.Kind)
	require.Equal(t, 3, got.Seeds)
	require.Equal(t, "there", got.Out)
	require.True(t, got.DryRun && got.JSON)
	require.Equal(t, config.Options{Preset: "workstation", Flags: map[string]string{"workers": "2"}}, got.Config)
	sweep.SetArgs([]string{})
	require.Error(t, sweep.Execute())
}

// The example of docs/tables.md is a sweep that can be played.
func TestExampleOfTheDocumentation(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "tables.md"))
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	require.Len(t, examples, 1)
	opts, out, _ := sweepOptions(t)
	opts.Sweep, opts.DryRun = filepath.Join(t.TempDir(), "example.yaml"), true
	require.NoError(t, os.WriteFile(opts.Sweep, examples[0][1], 0o600))
	require.NoError(t, runSweep(context.Background(), opts))
	require.Contains(t, out(), "models to train")
}
