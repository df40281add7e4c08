package estimate_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
	"backfire/triggers"
)

func TestEstimateMeasuresEachShapeOnce(t *testing.T) {
	sweep := enginetest.NewSweep(t,
		enginetest.TinyPoint(t, "narrow", func(*config.Config) {}),
		enginetest.TinyPoint(t, "wide", func(c *config.Config) { c.Model.Width, c.Attackers.Counts, c.Attackers.Singles = 2, []int{2}, 0 }))
	e, err := runtest.NewEstimator(enginetest.OpenStore(t), 2).Estimate(context.Background(), sweep)
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
		require.Equal(t, estimate.SpeedMeasured, s.Source)
		require.Positive(t, s.Slowest)
		require.GreaterOrEqual(t, s.ImagesPerSecond, s.Slowest)
		require.InDelta(t, s.Fastest, s.ImagesPerSecond, 0, "the best of the measurements")
	}
	require.Positive(t, e.Seconds)
	require.LessOrEqual(t, e.SecondsAtLeast, e.Seconds)
	require.GreaterOrEqual(t, e.SecondsAtMost, e.Seconds)
}

// The shapes are measured in turn, three times each, so that a busy minute falls on one measurement
// of each shape.
func TestEstimateMeasuresShapesInTurn(t *testing.T) {
	sweep := enginetest.NewSweep(t,
		enginetest.TinyPoint(t, "narrow", func(*config.Config) {}),
		enginetest.TinyPoint(t, "wide", func(c *config.Config) { c.Model.Width, c.Attackers.Counts, c.Attackers.Singles = 2, []int{2}, 0 }))
	e := runtest.NewEstimator(enginetest.OpenStore(t), 1)
	var told []string
	e.Tell = func(text string) { told = append(told, text) }
	_, err := e.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, []string{
		"measuring how fast width 1 trains, 1 at a time (1 of 3)", "measuring how fast width 2 trains, 1 at a time (1 of 3)",
		"measuring how fast width 1 trains, 1 at a time (2 of 3)", "measuring how fast width 2 trains, 1 at a time (2 of 3)",
		"measuring how fast width 1 trains, 1 at a time (3 of 3)", "measuring how fast width 2 trains, 1 at a time (3 of 3)",
	}, told)
}

// Five models at 1000 images per second on two workers take as long as three, one after another.
func TestEstimateUsesStoredTimes(t *testing.T) {
	sweep, st := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(*config.Config) {})), enginetest.OpenStore(t)
	e := runtest.NewEstimator(st, 2)
	e.Command = enginetest.NoWorkers
	storeTimings(t, st, sweep.Cells[0], 5000, 1000, 200)           // their median counts
	for seed, change := range map[uint64]func(*store.Environment){ // results of other machines do not count
		200: func(v *store.Environment) { v.CPU.Model = "another" },
		201: func(v *store.Environment) { v.Threads = 4 },
		202: func(v *store.Environment) { v.Device = "cuda:0" },
		203: func(v *store.Environment) { v.Engine.Version = "0.1" },
	} {
		cell := sweep.Cells[0]
		cell.Game.Seed = seed
		enginetest.StoreTiming(t, st, cell, 1e9, change)
	}
	got, err := e.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, []estimate.Speed{{
		Network: "width 1", Width: 1, Shape: triggers.Shape{C: 1, H: 8, W: 8}, Batch: 16, Models: 5, ImagesPerSecond: 1000, Slowest: 200, Fastest: 5000, Source: estimate.SpeedStored,
	}}, got.Speeds)
	// 3 epochs of 320 rows, and probes at a third of a step: 128 of N = 4, 92 of a single game. The other worker has
	// the 104 of N = 2 and those of another single game.
	images := 3*960 + (128+92+92)/3.
	require.InEpsilon(t, images/1000, got.Seconds, 1e-12, "rounding only")
	require.InEpsilon(t, images/5000, got.SecondsAtLeast, 1e-12, "rounding only")
	require.InEpsilon(t, images/200, got.SecondsAtMost, 1e-12, "rounding only")
}

// storeTimings stores a model like a cell for each of the speeds, in images per second, with seeds that no sweep has.
func storeTimings(t *testing.T, st *store.Store, like cell.Cell, speeds ...float64) {
	t.Helper()
	for i, speed := range speeds {
		like.Game.Seed = uint64(100 + i)
		enginetest.StoreTiming(t, st, like, speed, nil)
	}
}

// One or two stored times, of a machine that may have been busy, do not decide an estimate.
func TestEstimateMeasuresWhereFewTimesAreStored(t *testing.T) {
	sweep, st := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(*config.Config) {})), enginetest.OpenStore(t)
	storeTimings(t, st, sweep.Cells[0], 1e-3, 1e-3)
	got, err := runtest.NewEstimator(st, 1).Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, estimate.SpeedMeasured, got.Speeds[0].Source)
	require.Greater(t, got.Speeds[0].Slowest, 1e-3)
}

// Estimators that share what was measured do not measure it twice.
func TestEstimatesShareMeasurements(t *testing.T) {
	sweep, st := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(*config.Config) {})), enginetest.OpenStore(t)
	e := runtest.NewEstimator(st, 1)
	e.Measured = estimate.Measured{}
	first, err := e.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	e.Command = enginetest.NoWorkers
	second, err := e.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, first, second)
}

func TestEstimateCountsWhatIsLeft(t *testing.T) {
	sweep, store := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) {
		enginetest.WeakConfig(enginetest.WeakBound)(c)
		c.Attackers.Counts, c.Deal.Seats = []int{1, 2}, "3"
	})), enginetest.OpenStore(t)
	e := runtest.NewEstimator(store, 1)
	e.Command = enginetest.NoWorkers
	storeTimings(t, store, sweep.Cells[0], 1000, 1000, 1000)

	first, err := e.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, 5, first.Models, "two singles, each to verify and to compare, and N = 2")
	require.Equal(t, 5+2*(plan.MaxDraws-1), first.AtMost)

	runner, _ := runtest.NewRunner(store, 1, enginetest.Fault{})
	_, err = runner.Run(context.Background(), sweep.Cells[:1]) // attacker 0's first trigger, which is too weak
	require.NoError(t, err)
	next, err := e.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, 1, next.Stored)
	require.Equal(t, 5, next.Models, "its second trigger, attacker 1's first, their singles to compare, N = 2")
	require.Equal(t, 5+plan.MaxDraws-2+plan.MaxDraws-1, next.AtMost)

	_, _, _ = runtest.RunSweep(t, sweep, store, 1)
	last, err := e.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Zero(t, last.Models)
	require.Zero(t, last.AtMost)
	require.Zero(t, last.Seconds)
	require.Empty(t, last.Speeds)
}

func TestEstimateReportsWhyItCannotMeasure(t *testing.T) {
	sweep := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(*config.Config) {}))
	e := runtest.NewEstimator(enginetest.OpenStore(t), 1)
	e.Command = enginetest.Command(enginetest.Fault{Kind: "panic", Epoch: 1})
	_, err := e.Estimate(context.Background(), sweep)
	require.ErrorContains(t, err, "measure the speed of width 1")
	require.ErrorContains(t, err, "panic: a bug")
	e.Command = enginetest.Command(enginetest.Fault{Kind: "fail", Epoch: 1})
	_, err = e.Estimate(context.Background(), sweep)
	require.ErrorContains(t, err, "no luck")
	ended, end := context.WithCancel(context.Background())
	end()
	e.Command = enginetest.Command(enginetest.Fault{Kind: "slow", Epoch: 1})
	_, err = e.Estimate(ended, sweep)
	require.ErrorIs(t, err, runner.ErrInterrupted)
}
