package plan_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/internal/enginetest"
)

// The content of the file of initial weights is part of every cell, its path of none.
func TestInitialWeightsArePlanned(t *testing.T) {
	drawn := enginetest.NewPlan(t)
	with := func(path string) *plan.Plan {
		p, err := planTiny(t, func(c *config.Config) { c.Model.Weights = path })
		require.NoError(t, err)
		return p
	}
	one := enginetest.WriteWeights(t, "", drawn.Cells[0], 0.5)
	started := with(one)
	require.Len(t, started.Cells, len(drawn.Cells))
	for i, c := range started.Cells {
		require.Len(t, c.Model.Weights, 64)
		c.Model.Weights = ""
		require.Equal(t, drawn.Cells[i], c)
	}
	require.Equal(t, started, with(enginetest.WriteWeights(t, "", drawn.Cells[0], 0.5)))
	require.NotEqual(t, started.Games, with(enginetest.WriteWeights(t, "", drawn.Cells[0], 0.25)).Games)

	wide := drawn.Cells[0]
	wide.Model.Width = 2
	for _, path := range []string{one + "2", enginetest.WriteWeights(t, "", wide, 0.5)} {
		_, err := planTiny(t, func(c *config.Config) { c.Model.Weights = path })
		require.ErrorIs(t, err, cell.ErrPlan)
		require.ErrorIs(t, err, cell.ErrWeights)
		require.ErrorContains(t, err, "model.weights: cell: initial weights "+path)
	}
}

// The tasks of a sweep name the file of their own cells, those of the games that verify
// triggers, too. Each file is read once.
func TestTasksNameTheirInitialWeights(t *testing.T) {
	first := enginetest.NewPlan(t).Cells[0]
	paths := map[float32]string{1: enginetest.WriteWeights(t, "", first, 1), 2: enginetest.WriteWeights(t, "", first, 2)}
	start := func(path string) func(*config.Config) {
		return func(c *config.Config) { c.Model.Weights = path }
	}
	verified := enginetest.TinyPoint(t, "verified", func(c *config.Config) { start(paths[1])(c); c.Trigger.MinSingleASR = 0.8 })
	verify := enginetest.TinyPoint(t, "verify", func(c *config.Config) { start(paths[2])(c); c.Trigger.MinSingleASR = 0.8 }).Config
	verified.Verify = &verify
	sweep, err := plan.NewSweep(context.Background(), []plan.SweepPoint{
		enginetest.TinyPoint(t, "drawn", func(*config.Config) {}), enginetest.TinyPoint(t, "one", start(paths[1])), verified,
	}, enginetest.Loader)
	require.NoError(t, err)
	for _, path := range paths {
		require.NoError(t, os.Remove(path))
	}
	worklist, err := sweep.Worklist(nil)
	require.NoError(t, err)
	counts := map[string]int{}
	for _, task := range worklist.Tasks {
		require.Equal(t, task.Cell.Model.Weights == "", task.Weights == "", task.Title)
		counts[task.Weights]++
	}
	require.Equal(t, 5, counts[""])
	require.GreaterOrEqual(t, counts[paths[1]], 5)
	require.Equal(t, 3, counts[paths[2]], "the single games that verify")
}
