package summary

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/game"
)

func TestRetrainedResultsFitEarlierSummaries(t *testing.T) {
	derived := store.AttackerResult{AttackerScore: game.AttackerScore{Target: game.NoTarget, Randomness: &game.Randomness{}}}
	earlier := store.AttackerResult{AttackerScore: game.AttackerScore{Mapping: game.AllToAll}, Label: "a"}
	got := asEarlier(earlier, derived)
	require.Nil(t, got.Randomness)
	require.Equal(t, game.TargetLabel(0), got.Target)
	require.Equal(t, "a", got.Label)
	require.Equal(t, derived, asEarlier(derived, derived))
}
