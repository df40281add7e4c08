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

// Cells that differ in what the defender does share one deal, one training set and
// one list of probes, none of which they change; another game has its own, and
// other images are loaded.
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
	played := func(cell cell.Cell) *worker.Session {
		common, err := w.GameCacheOf(context.Background(), worker.Job{Cell: cell})
		require.NoError(t, err)
		p := &worker.Session{Job: worker.Job{Cell: cell}}
		p.Game, err = common.Game()
		require.NoError(t, err)
		require.NoError(t, p.Stamp(common))
		return p
	}
	first := played(cells[0])
	require.Nil(t, cells[0].Defense)
	images, labels := slices.Clone(first.Training.Images), slices.Clone(first.Training.Labels)
	for _, cell := range cells[1:] {
		p := played(cell)
		require.Same(t, first.Game, p.Game, cell.Title())
		require.Same(t, first.Probes, p.Probes, cell.Title())
		require.Equal(t, images, first.Training.Images, "%s leaves what is shared alone", cell.Title())
		require.Equal(t, labels, first.Training.Labels, "%s leaves what is shared alone", cell.Title())
	}
	other := cells[0]
	other.Game.Seed++
	require.NotSame(t, first.Game, played(other).Game)
	require.Equal(t, 1, loads)
	_, err := w.GameCacheOf(context.Background(), worker.Job{Cell: cells[0], Source: datasets.Source{Path: "other"}})
	require.ErrorIs(t, err, cell.ErrOtherData)
	require.Equal(t, first.Training, played(cells[0]).Training, "made anew, it is the same")
	require.Equal(t, 3, loads)
}
