package summary_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// On trained models every row has the triggers that were verified, with their single ASR
// in its own settings.
func TestSweepCarriesTriggersDownTheTable(t *testing.T) {
	sweep, store := enginetest.NewSweep(t, enginetest.DownTheTable(t, enginetest.WeakBound)...), enginetest.OpenStore(t)
	summary, outcome, _ := runtest.RunSweep(t, sweep, store, 2)
	require.Empty(t, summary.Missing)
	require.Equal(t, outcome.Cells, outcome.Trained)
	var draws [][]plan.Candidate
	for _, a := range summary.Points[0].Games[2].Attackers {
		require.NotEqual(t, a.SingleCell, a.Candidates[len(a.Candidates)-1].Cell)
		draws = append(draws, a.Candidates)
	}
	require.True(t, slices.ContainsFunc(draws, func(d []plan.Candidate) bool { return len(d) > 1 }), "some triggers were redrawn")
	for _, point := range summary.Points[1:] {
		require.Equal(t, enginetest.WeakBound, point.MinSingleASR)
		for i, a := range point.Games[0].Attackers {
			require.Equal(t, draws[i], a.Candidates, point.Name)
			cell, err := store.Read(a.Model)
			require.NoError(t, err)
			require.Equal(t, draws[i][len(draws[i])-1].Draw, cell.Cell.Game.Attackers[i].Draw)
			if point.Name == "all" {
				require.Nil(t, a.SingleASR)
				continue
			}
			single, err := store.Read(a.SingleCell)
			require.NoError(t, err)
			require.Equal(t, single.Result.Attackers[0].ASR, *a.SingleASR)
			require.Equal(t, single.Result.Attackers[0].Trigger, a.Trigger)
		}
	}
}
