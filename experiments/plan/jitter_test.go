package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/plan"
	"backfire/game"
	"backfire/internal/enginetest"
)

// The ends of the jitter are the two samplings: the same cells by the same names.
func TestJitterMeetsTheSamplings(t *testing.T) {
	cells := func(change func(*config.Config)) []string {
		sweep, err := plan.NewSweep(t.Context(), []plan.SweepPoint{enginetest.TinyPoint(t, "point", change)}, enginetest.Loader)
		require.NoError(t, err)
		worklist, err := sweep.Worklist(nil)
		require.NoError(t, err)
		var hashes []string
		for _, task := range worklist.Tasks {
			hashes = append(hashes, task.Hash)
		}
		return hashes
	}
	jitter := func(share float64) []string { return cells(func(c *config.Config) { c.Trigger.Jitter = share }) }
	require.Equal(t, cells(func(*config.Config) {}), jitter(0))
	require.Equal(t, cells(func(c *config.Config) { c.Trigger.Sampling = string(game.PerImage) }), jitter(1))
	require.NotEqual(t, jitter(0), jitter(0.5))
	require.NotEqual(t, jitter(1), jitter(0.5))
}
