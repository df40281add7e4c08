package estimate_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// chooser is an estimator for a GPU on which no more than two steps go on at a
// time, with sweep, whose work takes long.
func chooser(t *testing.T, f enginetest.Fault) (estimate.Estimator, *plan.Sweep) {
	t.Helper()
	e := runtest.NewEstimator(enginetest.OpenStore(t), 8)
	e.Device, e.Command = "cuda:0", enginetest.Command(f)
	return e, enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) { c.Train.Epochs = 1_000_000 }))
}

// How fast models are together depends on the machine and what else it does; the
// choice is what follows from what was measured, and the measurement is used.
func TestChooseMeasures(t *testing.T) {
	e, sweep := chooser(t, enginetest.Fault{Kind: "crowd"})
	chosen, err := e.Choose(context.Background(), sweep, false)
	require.NoError(t, err)
	speed := func(n int) (float64, error) {
		for _, trial := range chosen.Trials {
			if trial.Models == n {
				require.Positive(t, trial.ImagesPerSecond)
				return trial.ImagesPerSecond, nil
			}
		}
		return 0, fmt.Errorf("%d models were not tried", n)
	}
	want, trials, err := estimate.ChooseWorkers(len(sweep.Cells), 1e18, speed)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(trials), 2)
	require.Equal(t, trials, chosen.Trials)
	require.Equal(t, want, chosen.Workers)
	require.Equal(t, runner.PerProcess(e.Device, want), chosen.PerProcess)
	estimate, err := chosen.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, want, estimate.Workers)
	require.Equal(t, chosen.Trials, estimate.Trials)
	together, err := speed(want)
	require.NoError(t, err)
	require.InDelta(t, together/float64(want), estimate.Speeds[0].ImagesPerSecond, 1e-9, "it is not measured again; rounding only")

	// A single model for which there is no room says why.
	e, sweep = chooser(t, enginetest.Fault{Kind: "fail", Epoch: 1})
	_, err = e.Choose(context.Background(), sweep, true)
	require.ErrorContains(t, err, "measure the speed of width 1: ")
	require.ErrorContains(t, err, "no luck")
}

// Where there is nothing to choose no worker is started.
func TestChooseHasNoChoice(t *testing.T) {
	e, sweep := chooser(t, enginetest.Fault{})
	e.Command, e.Workers = enginetest.NoWorkers, 1
	chosen, err := e.Choose(context.Background(), sweep, true)
	require.NoError(t, err)
	require.Equal(t, 1, chosen.Workers)
	e.Workers = 8
	single := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) { c.Attackers.Counts, c.Attackers.Singles = []int{1}, 0 }))
	_, err = e.Choose(context.Background(), single, false)
	require.NoError(t, err)
}
