package summary_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

func TestSummaryJoinsGamesAndSingles(t *testing.T) {
	plan, store := enginetest.NewPlan(t), enginetest.OpenStore(t)
	runner, _ := runtest.NewRunner(store, 2, enginetest.Fault{})
	_, err := runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)

	s, err := summary.Summarize(plan, store)
	require.NoError(t, err)
	require.Empty(t, s.Missing)
	require.Equal(t, uint64(1), s.Seed)
	require.Equal(t, "per_agent", s.Readings.Sampling)
	require.Len(t, s.Rows, 3)
	for i, n := range []int{1, 2, 4} {
		row := s.Rows[i]
		require.Equal(t, n, row.N)
		require.True(t, row.Complete)
		record, err := store.Read(row.Cell)
		require.NoError(t, err)
		require.Equal(t, record.Result.ASR.Mean, row.ASR.Mean)
		require.Equal(t, n, row.ASR.N)
		require.Equal(t, record.Result.CleanAccuracy, row.CleanAccuracy)
		require.Len(t, row.Attackers, n)
		for id, a := range row.Attackers {
			if id == 3 {
				require.Nil(t, a.SingleASR, "attacker 3 is not played alone")
				require.Empty(t, a.SingleCell)
				continue
			}
			single, err := store.Read(a.SingleCell)
			require.NoError(t, err)
			require.Len(t, single.Cell.Game.Attackers, 1)
			require.Equal(t, id, single.Result.Attackers[0].ID)
			require.Equal(t, single.Result.Attackers[0].ASR, *a.SingleASR)
			require.Equal(t, single.Result.Attackers[0].Trigger, a.Trigger)
		}
	}
	require.Equal(t, s.Rows[0].Attackers[0].ASR, *s.Rows[0].Attackers[0].SingleASR, "N = 1 is attacker 0 alone")
}

func TestSummaryOfAnUnfinishedRun(t *testing.T) {
	plan, st := enginetest.NewPlan(t), enginetest.OpenStore(t)
	all := enginetest.Hashes(t, plan)
	runner, _ := runtest.NewRunner(st, 1, enginetest.Fault{})
	_, err := runner.Run(context.Background(), plan.Cells[1:3]) // attacker 1 alone and N = 2
	require.NoError(t, err)
	require.NoError(t, enginetest.FlipBit(filepath.Join(st.Path(all[1]), store.ResultFile)))

	s, err := summary.Summarize(plan, st)
	require.NoError(t, err)
	var missing []string
	for _, m := range s.Missing {
		missing = append(missing, m.Cell)
	}
	require.Equal(t, []string{all[0], all[1], all[3], all[4]}, missing, "broken results are not used")
	require.False(t, s.Rows[0].Complete)
	require.False(t, s.Rows[0].ASR.Mean.Defined())
	require.True(t, s.Rows[1].Complete)
	require.Nil(t, s.Rows[1].Attackers[0].SingleASR)
	require.Equal(t, all[0], s.Rows[1].Attackers[0].SingleCell)
}
