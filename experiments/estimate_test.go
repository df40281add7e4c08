package experiments

import (
	"context"
	"errors"
	"os/exec"
	"testing"

	"github.com/klauspost/cpuid/v2"
	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/triggers"
)

func newEstimator(store *Store, workers int) Estimator {
	return Estimator{Engine: EngineInfo{Name: "fake", GPUs: []string{}}, Store: store, Command: testWorker(fault{}), Device: "cpu", Workers: workers, Threads: 1}
}

// noWorkers is a Command for whoever needs no worker.
func noWorkers() (*exec.Cmd, error) { return nil, errors.New("no worker is needed") }

func TestEstimateMeasuresEachShapeOnce(t *testing.T) {
	sweep := newSweep(t,
		tinyPoint(t, "narrow", func(*config.Config) {}),
		tinyPoint(t, "wide", func(c *config.Config) { c.Model.Width, c.Attackers.Counts, c.Attackers.Singles = 2, []int{2}, 0 }))
	e, err := newEstimator(openStore(t), 2).Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, 6, e.Models)
	require.Equal(t, 6, e.AtMost)
	require.Zero(t, e.Stored)
	require.Equal(t, int64(6*3*320), e.Images)
	require.Equal(t, int64(6*3*320/16), e.Steps)
	require.Equal(t, 2, e.Workers)
	require.Len(t, e.Speeds, 2)
	for i, models := range []int{5, 1} {
		s := e.Speeds[i]
		require.Equal(t, i+1, s.Width)
		require.Equal(t, triggers.Shape{C: 1, H: 8, W: 8}, s.Shape)
		require.Equal(t, 16, s.Batch)
		require.Equal(t, models, s.Models)
		require.Equal(t, SpeedMeasured, s.Source)
		require.Positive(t, s.ImagesPerSecond)
	}
	require.Positive(t, e.Seconds)
}

// Six models at 1000 images per second on two workers: three one after another.
func TestEstimateTakesTimingsOfTheStore(t *testing.T) {
	sweep, store := newSweep(t, tinyPoint(t, "", func(*config.Config) {})), openStore(t)
	e := newEstimator(store, 2)
	e.Command = noWorkers
	for i, speed := range []float64{5000, 1000, 200} { // the median counts
		cell := sweep.Cells[0]
		cell.Game.Seed = uint64(100 + i)
		storeTiming(t, store, cell, speed, nil)
	}
	for seed, change := range map[uint64]func(*Environment){ // other machines do not
		200: func(v *Environment) { v.CPU.Model = "another" },
		201: func(v *Environment) { v.Threads = 4 },
		202: func(v *Environment) { v.Device = "cuda:0" },
		203: func(v *Environment) { v.Engine.Version = "0.1" },
	} {
		cell := sweep.Cells[0]
		cell.Game.Seed = seed
		storeTiming(t, store, cell, 1e9, change)
	}
	got, err := e.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, []Speed{{
		Width: 1, Shape: triggers.Shape{C: 1, H: 8, W: 8}, Batch: 16, Models: 5, ImagesPerSecond: 1000, Source: SpeedStored,
	}}, got.Speeds)
	// 3 epochs of 320 rows, and 128 probes at a third of a step.
	require.InEpsilon(t, 3*(960+128./3)/1000, got.Seconds, 1e-12, "rounding only")
}

// storeTiming stores a made-up result with a speed.
func storeTiming(t *testing.T, store *Store, cell Cell, speed float64, change func(*Environment)) {
	t.Helper()
	hash, err := cell.Hash()
	require.NoError(t, err)
	claim, err := store.Claim(hash)
	require.NoError(t, err)
	dir, err := claim.Dir()
	require.NoError(t, err)
	environment := Environment{Device: "cpu", Threads: 1, CPU: CPU{Model: cpuid.CPU.BrandName}, Engine: EngineInfo{Name: "fake"}}
	if change != nil {
		change(&environment)
	}
	require.NoError(t, writeFiles(dir, files{
		cell: cell, environment: environment,
	}))
	require.NoError(t, claim.Commit(Result{Format: ResultFormat, Cell: hash, Run: Run{Timing: Timing{ImagesPerSecond: speed}}}))
	require.NoError(t, claim.Release())
}

func TestEstimateCountsWhatIsLeft(t *testing.T) {
	sweep, store := newSweep(t, tinyPoint(t, "", func(c *config.Config) {
		weakConfig(weakBound)(c)
		c.Attackers.Counts = []int{1, 2}
	})), openStore(t)
	e := newEstimator(store, 1)
	e.Command = noWorkers
	cell := sweep.Cells[0]
	cell.Game.Seed = 100
	storeTiming(t, store, cell, 1000, nil)

	first, err := e.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, 3, first.Models, "two singles and N = 2")
	require.Equal(t, 3+2*(MaxDraws-1), first.AtMost)

	runner, _ := newRunner(store, 1, fault{})
	_, err = runner.Run(context.Background(), sweep.Cells[:1]) // attacker 0's first trigger, which is too weak
	require.NoError(t, err)
	next, err := e.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, 1, next.Stored)
	require.Equal(t, 3, next.Models, "its second trigger, attacker 1's first, N = 2")
	require.Equal(t, 3+MaxDraws-2+MaxDraws-1, next.AtMost)

	_, _, _ = runSweep(t, sweep, store, 1)
	last, err := e.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Zero(t, last.Models)
	require.Zero(t, last.AtMost)
	require.Zero(t, last.Seconds)
	require.Empty(t, last.Speeds)
}

func TestEstimateSaysWhyItCannotMeasure(t *testing.T) {
	sweep := newSweep(t, tinyPoint(t, "", func(*config.Config) {}))
	e := newEstimator(openStore(t), 1)
	e.Command = testWorker(fault{Kind: "panic", Epoch: 1})
	_, err := e.Estimate(context.Background(), sweep)
	require.ErrorContains(t, err, "measure the speed of width 1")
	require.ErrorContains(t, err, "panic: a bug")
	e.Command = testWorker(fault{Kind: "fail", Epoch: 1})
	_, err = e.Estimate(context.Background(), sweep)
	require.ErrorContains(t, err, "no luck")
	ended, end := context.WithCancel(context.Background())
	end()
	e.Command = testWorker(fault{Kind: "slow", Epoch: 1})
	_, err = e.Estimate(ended, sweep)
	require.ErrorIs(t, err, ErrInterrupted)
}
