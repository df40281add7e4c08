package worker_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// Cells that differ only in their defense share one deal, one undefended training set and one list
// of probes, none of which they change. Another game has its own deal, and other images are loaded.
func TestDealIsSharedByDefenses(t *testing.T) {
	loads := 0
	w := &worker.Worker{Load: func(ctx context.Context, source datasets.Source) (*datasets.Set, error) {
		loads++
		return enginetest.Loader(ctx, source)
	}}
	cells := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) {
		c.Attackers.Counts, c.Attackers.Singles = []int{2}, 0
		c.Defenders = []string{"cutmix", "agent_augmentation", "indexing"}
	})).Cells
	require.Greater(t, len(cells), 3)
	dealt := func(cell cell.Cell) *worker.Deal {
		d, err := w.DealOf(context.Background(), cell, datasets.Source{})
		require.NoError(t, err)
		return d
	}
	first := dealt(cells[0])
	require.Nil(t, cells[0].Defense)
	images, labels := slices.Clone(first.Training.Images), slices.Clone(first.Training.Labels)
	for _, cell := range cells[1:] {
		d := dealt(cell)
		require.Same(t, first.Game, d.Game, cell.Title())
		require.Same(t, first.Probes, d.Probes, cell.Title())
		require.Equal(t, images, first.Training.Images, "%s leaves what is shared alone", cell.Title())
		require.Equal(t, labels, first.Training.Labels, "%s leaves what is shared alone", cell.Title())
	}
	other := cells[0]
	other.Game.Seed++
	require.NotSame(t, first.Game, dealt(other).Game)
	require.Equal(t, 1, loads)
	_, err := w.DealOf(context.Background(), cells[0], datasets.Source{Path: "other"})
	require.ErrorIs(t, err, cell.ErrOtherData)
	require.Equal(t, first.Training, dealt(cells[0]).Training, "a new deal is the same")
	require.Equal(t, 3, loads)
}
