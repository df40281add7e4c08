package runner_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// stored reads the result of a cell.
func stored(t *testing.T, store *store.Store, hash string) store.Result {
	t.Helper()
	record, err := store.Read(hash)
	require.NoError(t, err)
	return record.Result
}

// Whatever the order and the number of workers, each result has the single ASR of each of its
// attackers in the end. The fourth attacker is not played alone.
func TestResultsHaveTheirSingleASRs(t *testing.T) {
	plan := enginetest.NewPlan(t)
	for workers := range 3 {
		store := enginetest.OpenStore(t)
		backwards := append([]cell.Cell{}, plan.Cells[len(plan.Cells)-1])
		runner, _ := runtest.NewRunner(store, workers+1, enginetest.Fault{})
		_, err := runner.Run(context.Background(), append(backwards, plan.Cells[:len(plan.Cells)-1]...))
		require.NoError(t, err)
		enginetest.RequireNoLeftovers(t, store)
		for _, planned := range plan.Games {
			result := stored(t, store, planned.Cell)
			for i, single := range result.Provenance.Single {
				require.Equal(t, result.Attackers[i].ID, single.ID)
				if single.ID == 3 {
					require.Nil(t, single.ASR)
					continue
				}
				alone := stored(t, store, planned.Singles[single.ID])
				require.Equal(t, &alone.Attackers[0].ASR, single.ASR)
			}
		}
	}
}

// A single game that is played later completes the results of earlier runs that the later run asks
// for, too.
func TestLaterRunCompletesEarlierResults(t *testing.T) {
	plan, store := enginetest.NewPlan(t), enginetest.OpenStore(t)
	game := plan.Games[1]
	pair, _ := plan.Cell(game.Cell)
	runner, _ := runtest.NewRunner(store, 1, enginetest.Fault{})
	_, err := runner.Run(context.Background(), []cell.Cell{pair})
	require.NoError(t, err)
	before := stored(t, store, game.Cell)
	require.Len(t, before.MissingSingles(), 2)

	_, err = runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	after := stored(t, store, game.Cell)
	require.Empty(t, after.MissingSingles())
	require.Equal(t, before.Digest, after.Digest)
	require.Equal(t, before.Provenance.Timing, after.Provenance.Timing)
	require.NotEqual(t, before.Provenance.Digest, after.Provenance.Digest)
}
