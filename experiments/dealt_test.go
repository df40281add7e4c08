package experiments

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
)

// Cells that differ in what the defender does share one deal, one training set and
// one list of probes, none of which they change; another game has its own, and
// other images are loaded.
func TestDealIsSharedByDefenses(t *testing.T) {
	loads := 0
	w := &Worker{Load: func(ctx context.Context, source datasets.Source) (*datasets.Set, error) {
		loads++
		return loadTiny(ctx, source)
	}}
	cells := newSweep(t, tinyPoint(t, "", func(c *config.Config) {
		c.Attackers.Counts, c.Attackers.Singles = []int{2}, 0
		c.Defenders = []string{"cutmix", "agent_augmentation", "indexing"}
	})).Cells
	require.Greater(t, len(cells), 3)
	played := func(cell Cell) *playing {
		common, err := w.dealt(context.Background(), Job{Cell: cell})
		require.NoError(t, err)
		p := &playing{job: Job{Cell: cell}}
		p.game, err = common.game()
		require.NoError(t, err)
		require.NoError(t, p.stamp(common))
		return p
	}
	first := played(cells[0])
	require.Nil(t, cells[0].Defense)
	images, labels := slices.Clone(first.training.Images), slices.Clone(first.training.Labels)
	for _, cell := range cells[1:] {
		p := played(cell)
		require.Same(t, first.game, p.game, cell.Title())
		require.Same(t, first.probes, p.probes, cell.Title())
		require.Equal(t, images, first.training.Images, "%s leaves what is shared alone", cell.Title())
		require.Equal(t, labels, first.training.Labels, "%s leaves what is shared alone", cell.Title())
	}
	other := cells[0]
	other.Game.Seed++
	require.NotSame(t, first.game, played(other).game)
	require.Equal(t, 1, loads)
	_, err := w.dealt(context.Background(), Job{Cell: cells[0], Source: datasets.Source{Path: "other"}})
	require.ErrorIs(t, err, ErrOtherData)
	require.Equal(t, first.training, played(cells[0]).training, "made anew, it is the same")
	require.Equal(t, 3, loads)
}
