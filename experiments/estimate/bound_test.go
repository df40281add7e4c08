package estimate_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// Where a training may end early by its loss, an estimate counts all epochs and calls them an upper bound.
func TestEstimateIsAnUpperBound(t *testing.T) {
	for rule, bound := range map[string]bool{"": false, "loss < 0.5": true} {
		sweep := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) {
			c.Attackers.Counts, c.Attackers.Singles, c.Train.StopWhen = []int{2}, 0, rule
		}))
		st := enginetest.OpenStore(t)
		e := runtest.NewEstimator(st, 1)
		e.Command = enginetest.NoWorkers
		storeTimings(t, st, sweep.Cells[0], 1000, 1000, 1000)
		got, err := e.Estimate(context.Background(), sweep)
		require.NoError(t, err)
		require.Equal(t, bound, got.UpperBound)
		require.Equal(t, int64(3*320), got.Images)
	}
}
