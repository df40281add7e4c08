package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/indexing"
	"backfire/experiments/cell"
	"backfire/internal/enginetest"
)

// The segments of every cell are those of the plan of package indexing.
func TestSegmentsAreThePlans(t *testing.T) {
	plan, defender := enginetest.SlicedPlan(t)
	settings := indexing.Settings{Mode: indexing.Sliced, Models: 2}
	planned, err := indexing.NewPlan(settings, 4, 5, plan.Cells[0].Game.Seed)
	require.NoError(t, err)
	for at, hash := range defender.Models {
		cell, _ := plan.Cell(hash)
		segments, err := cell.Segments()
		require.NoError(t, err)
		var got []indexing.Stage
		for _, s := range segments {
			got = append(got, indexing.Stage{Agents: s.Agents, Epochs: s.End - s.First})
		}
		require.Equal(t, planned.Course(at), got)
		require.Equal(t, max(0, planned.Models[at].From), cell.SharedSegments())
	}
	c, _ := plan.Cell(defender.Models[0])
	c.Defense.Slices[1].Epochs++
	_, err = c.Segments()
	require.ErrorIs(t, err, cell.ErrPlan)
}
