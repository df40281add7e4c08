package experiments

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

func TestAsManyModelsAsPay(t *testing.T) {
	saturating := func(at float64) func(int) (float64, error) {
		return func(n int) (float64, error) { return 100 * min(float64(n), at), nil }
	}
	failing := func(from int, err error) func(int) (float64, error) {
		return func(n int) (float64, error) {
			if n >= from {
				return 0, err
			}
			return float64(n), nil
		}
	}
	full := errors.New("CUDA out of memory")
	for name, tc := range map[string]struct {
		most  int
		work  float64
		speed func(int) (float64, error)
		want  int
		tries []int
	}{
		"saturated at four":       {16, 1e9, saturating(4), 4, []int{1, 2, 4, 8}},
		"saturated at five":       {16, 1e9, saturating(5), 8, []int{1, 2, 4, 8, 16}},
		"saturated by one":        {16, 1e9, saturating(1), 1, []int{1, 2}},
		"a twentieth is no gain":  {16, 1e9, saturating(1.05), 1, []int{1, 2}},
		"not saturated":           {6, 1e9, saturating(100), 6, []int{1, 2, 4, 6}},
		"no room for more":        {16, 1e9, failing(4, full), 2, []int{1, 2}},
		"a minute's work":         {16, 5999, saturating(2), 16, []int{1}},
		"soon a minute's work":    {16, 11999, saturating(100), 16, []int{1, 2}},
		"no room for two of them": {2, 1e9, failing(2, full), 1, []int{1}},
	} {
		got, trials, err := worth(tc.most, tc.work, tc.speed)
		require.NoError(t, err, name)
		require.Equal(t, tc.want, got, name)
		var tries []int
		for _, trial := range trials {
			tries = append(tries, trial.Models)
			measured, err := tc.speed(trial.Models)
			require.NoError(t, err)
			require.InDelta(t, measured, trial.ImagesPerSecond, 0)
		}
		require.Equal(t, tc.tries, tries, name)
	}
	_, _, err := worth(16, 1e9, failing(1, full))
	require.ErrorIs(t, err, full)
	_, _, err = worth(16, 1e9, failing(4, fmt.Errorf("%w: signal", ErrInterrupted)))
	require.ErrorIs(t, err, ErrInterrupted)
}

// chooser is an estimator for a GPU on which no more than two steps go on at a
// time, with sweep, whose work takes long.
func chooser(t *testing.T, f fault) (Estimator, *Sweep) {
	t.Helper()
	e := newEstimator(openStore(t), 8)
	e.Device, e.Command = "cuda:0", testWorker(f)
	return e, newSweep(t, tinyPoint(t, "", func(c *config.Config) { c.Train.Epochs = 1_000_000 }))
}

// How fast models are together depends on the machine and what else it does; the
// choice is what follows from what was measured, and the measurement is used.
func TestChooseMeasures(t *testing.T) {
	e, sweep := chooser(t, fault{Kind: "crowd"})
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
	want, trials, err := worth(len(sweep.Cells), 1e18, speed)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(trials), 2)
	require.Equal(t, trials, chosen.Trials)
	require.Equal(t, want, chosen.Workers)
	require.Equal(t, PerProcess(e.Device, want), chosen.PerProcess)
	estimate, err := chosen.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, want, estimate.Workers)
	require.Equal(t, chosen.Trials, estimate.Trials)
	together, err := speed(want)
	require.NoError(t, err)
	require.InDelta(t, together/float64(want), estimate.Speeds[0].ImagesPerSecond, 1e-9, "it is not measured again; rounding only")

	// A single model for which there is no room says why.
	e, sweep = chooser(t, fault{Kind: "fail", Epoch: 1})
	_, err = e.Choose(context.Background(), sweep, true)
	require.ErrorContains(t, err, "measure the speed of width 1: ")
	require.ErrorContains(t, err, "no luck")
}

// A number of models whose speed does not show in time is too many; an interruption
// meanwhile stays one.
func TestWithin(t *testing.T) {
	never := func(ctx context.Context) (float64, error) {
		<-ctx.Done()
		return 0, fmt.Errorf("%w: %w", ErrInterrupted, ctx.Err())
	}
	_, err := within(context.Background(), time.Millisecond, never)
	require.EqualError(t, err, "no speed after 1ms")
	require.NotErrorIs(t, err, ErrInterrupted)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = within(ctx, time.Hour, never)
	require.ErrorIs(t, err, ErrInterrupted)
	speed, err := within(context.Background(), time.Hour, func(context.Context) (float64, error) { return 3, nil })
	require.NoError(t, err)
	require.InDelta(t, 3, speed, 0)
}

// Where there is nothing to choose no worker is started.
func TestChooseHasNoChoice(t *testing.T) {
	e, sweep := chooser(t, fault{})
	e.Command, e.Workers = noWorkers, 1
	chosen, err := e.Choose(context.Background(), sweep, true)
	require.NoError(t, err)
	require.Equal(t, 1, chosen.Workers)
	e.Workers = 8
	single := newSweep(t, tinyPoint(t, "", func(c *config.Config) { c.Attackers.Counts, c.Attackers.Singles = []int{1}, 0 }))
	_, err = e.Choose(context.Background(), single, false)
	require.NoError(t, err)
}
