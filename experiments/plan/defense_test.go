package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses"
	"backfire/defenses/definition"
	"backfire/experiments/cell"
	"backfire/internal/enginetest"
)

func TestExcludedAttackersAreNotInTheTrainingSet(t *testing.T) {
	plan := enginetest.DefendedPlan(t, enginetest.DefendedConfig(t, "indexing"))
	indexed := plan.Games[1].Defenders[0]
	require.Equal(t, []int{0, 1, 2}, indexed.Answers)
	for position, hash := range indexed.Models {
		cell, ok := plan.Cell(hash)
		require.True(t, ok)
		require.Equal(t, []int{position}, cell.Defense.Excluded)
		g, training, simulated := enginetest.TrainingOf(t, cell)
		require.Nil(t, simulated)
		for _, row := range training.Rows {
			require.NotEqual(t, position, row.Owner)
		}
		share := g.Deal().Attackers[position]
		require.Len(t, training.Labels, len(g.Training().Labels)-len(share.Contributed))
		require.InDelta(t, len(training.Labels), cell.TrainingRows(2), 2, "the deal rounds")
	}
	c, _ := plan.Cell(indexed.Models[0])
	c.Defense = cell.NewDefense(defenses.Stack{}, definition.Model{Excluded: []int{7}})
	_, err := c.Segments()
	require.ErrorIs(t, err, cell.ErrPlan)
}
