package runner_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// States and checkpoints are kept as long as an open run has a model to train that resumes from
// them.
func TestOpenRunKeepsStates(t *testing.T) {
	sweep := enginetest.NewSweep(t, enginetest.TinyPoint(t, "sliced", func(c *config.Config) {
		c.Attackers.Counts, c.Attackers.Singles, c.Train.Epochs = []int{4}, 0, 5
		c.Defenders = []string{"indexing(mode=sliced models=2)"}
	}))
	at := slices.IndexFunc(sweep.Cells, func(c cell.Cell) bool { return c.SharedSegments() > 0 })
	require.GreaterOrEqual(t, at, 0)
	names, err := sweep.Cells[at].GoesOnFrom()
	require.NoError(t, err)
	require.Len(t, names, 1)
	last, err := sweep.Cells[at].Hash()
	require.NoError(t, err)
	state := filepath.Join(".states", names[0]+".safetensors")

	st := enginetest.OpenStore(t)
	runner, _ := runtest.NewRunner(st, 1, enginetest.Fault{Cell: last, Kind: "fail", Epoch: 5})
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Len(t, outcome.Failed, 1)
	free, open := enginetest.GarbageOf(t, st)
	require.Empty(t, free)
	require.Contains(t, open, state)
	require.Contains(t, open, filepath.Join(".work", last, store.CheckpointFile))

	runner, _ = runtest.NewRunner(st, 1, enginetest.Fault{})
	_, err = runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	free, open = enginetest.GarbageOf(t, st)
	require.Equal(t, []string{state}, free, "no cell resumes from it any more")
	require.NotContains(t, open, state)
}

// An open run trains again the models that were removed although it needs them.
func TestRemoveAnOpenRun(t *testing.T) {
	sweep := enginetest.NewSweep(t, enginetest.TinyPoint(t, "mine", func(c *config.Config) { c.Attackers.Counts = []int{1} }))
	st := enginetest.OpenStore(t)
	runner, _ := runtest.NewRunner(st, 1, enginetest.Fault{})
	_, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	garbage, err := st.Garbage(time.Now(), plan.References)
	require.NoError(t, err)
	require.Len(t, garbage, 2)
	for _, g := range garbage {
		require.NotNil(t, g.Open)
		require.NoError(t, st.Remove(g))
	}
	entries, err := os.ReadDir(filepath.Join(st.Dir(), store.PlansDir))
	require.NoError(t, err)
	require.Empty(t, entries)
	enginetest.RequireNoLeftovers(t, st)
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, 1, outcome.Trained)
}
