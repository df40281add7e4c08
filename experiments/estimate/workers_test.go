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

// chooser returns an estimator for a GPU whose workers have a fault, and a sweep of long trainings.
func chooser(t *testing.T, f enginetest.Fault) (estimate.Estimator, *plan.Sweep) {
	t.Helper()
	e := runtest.NewEstimator(enginetest.OpenStore(t), 8)
	e.Device, e.Command = "cuda:0", enginetest.Command(f)
	return e, enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) { c.Train.Epochs = 1_000_000 }))
}

// The speed of several models together depends on the machine and its load. The choice follows from
// the measured speeds, which the estimate uses, too.
func TestChooseWorkersMeasures(t *testing.T) {
	e, sweep := chooser(t, enginetest.Fault{Kind: "crowd"})
	chosen, err := e.ChooseWorkers(context.Background(), sweep, false)
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

	// The failure of a single model is reported with its reason.
	e, sweep = chooser(t, enginetest.Fault{Kind: "fail", Epoch: 1})
	_, err = e.ChooseWorkers(context.Background(), sweep, true)
	require.ErrorContains(t, err, "measure the speed of width 1: ")
	require.ErrorContains(t, err, "no luck")
}

// ChooseWorkers starts no worker where there is nothing to choose.
func TestChooseWorkersWithoutAChoice(t *testing.T) {
	e, sweep := chooser(t, enginetest.Fault{})
	e.Command, e.Workers = enginetest.NoWorkers, 1
	chosen, err := e.ChooseWorkers(context.Background(), sweep, true)
	require.NoError(t, err)
	require.Equal(t, 1, chosen.Workers)
	e.Workers = 8
	single := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) { c.Attackers.Counts, c.Attackers.Singles = []int{1}, 0 }))
	_, err = e.ChooseWorkers(context.Background(), single, false)
	require.NoError(t, err)
}
