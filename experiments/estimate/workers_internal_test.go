package estimate

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/runner"
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
		chosen, trials, err := chooseWorkers(tc.most, tc.work, tc.speed)
		require.NoError(t, err, name)
		require.Equal(t, tc.want, chosen, name)
		var tries []int
		for _, trial := range trials {
			tries = append(tries, trial.Models)
			measured, err := tc.speed(trial.Models)
			require.NoError(t, err)
			require.InDelta(t, measured, trial.ImagesPerSecond, 0)
		}
		require.Equal(t, tc.tries, tries, name)
	}
	_, _, err := chooseWorkers(16, 1e9, failing(1, full))
	require.ErrorIs(t, err, full)
	_, _, err = chooseWorkers(16, 1e9, failing(4, fmt.Errorf("%w: signal", runner.ErrInterrupted)))
	require.ErrorIs(t, err, runner.ErrInterrupted)
}

// A measurement that exceeds its time limit fails; an interruption in the meantime remains one.
func TestWithin(t *testing.T) {
	never := func(ctx context.Context) (float64, error) {
		<-ctx.Done()
		return 0, fmt.Errorf("%w: %w", runner.ErrInterrupted, ctx.Err())
	}
	_, err := within(context.Background(), time.Millisecond, never)
	require.EqualError(t, err, "no speed after 1ms")
	require.NotErrorIs(t, err, runner.ErrInterrupted)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = within(ctx, time.Hour, never)
	require.ErrorIs(t, err, runner.ErrInterrupted)
	speed, err := within(context.Background(), time.Hour, func(context.Context) (float64, error) { return 3, nil })
	require.NoError(t, err)
	require.InDelta(t, 3, speed, 0)
}
