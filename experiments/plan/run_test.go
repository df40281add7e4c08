package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/enginetest"
)

// The single games that a result names are those that a plan plays.
func TestSinglesOfAResultAreThoseOfThePlan(t *testing.T) {
	plan := enginetest.DefendedPlan(t, enginetest.DefendedConfig(t, "cutmix", "indexing", "indexing_unknown"))
	for _, planned := range plan.Games {
		require.NotEmpty(t, planned.Singles)
		models := []string{planned.Cell}
		for _, defender := range planned.Defenders {
			models = append(models, defender.Models...)
		}
		for _, hash := range models {
			cell, _ := plan.Cell(hash)
			singles, err := store.SinglesOf(cell, &game.Score{Attackers: make([]game.AttackerScore, 1)})
			require.NoError(t, err)
			require.Len(t, singles, len(cell.Game.Attackers))
			for _, single := range singles {
				if want, ok := planned.Singles[single.ID]; ok {
					require.Equal(t, want, single.Cell)
				}
				require.Equal(t, single.Cell == hash, single.ASR != nil)
			}
		}
	}
}
