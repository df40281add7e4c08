package summary_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// runSweep is the sweep that a run of five cells asks for: one point without a name.
func runSweep(t *testing.T) *plan.Sweep {
	t.Helper()
	cfg, err := enginetest.Config()
	require.NoError(t, err)
	return enginetest.NewSweep(t, plan.SweepPoint{Keys: map[string]string{}, Config: cfg})
}

func TestSummaryJoinsGamesAndSingles(t *testing.T) {
	sweep, store := runSweep(t), enginetest.OpenStore(t)
	s, _, _ := runtest.RunSweep(t, sweep, store, 2)
	require.Empty(t, s.Missing)
	require.Len(t, s.Points, 1)
	point := s.Points[0]
	require.Equal(t, uint64(1), point.Seed)
	require.Equal(t, "per_agent", point.Readings.Sampling)
	require.Len(t, point.Games, 3)
	for i, n := range []int{1, 2, 4} {
		row := point.Games[i]
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
	require.Equal(t, point.Games[0].Attackers[0].ASR, *point.Games[0].Attackers[0].SingleASR, "N = 1 is attacker 0 alone")
}

func TestSummaryOfAnUnfinishedRun(t *testing.T) {
	sweep, st := runSweep(t), enginetest.OpenStore(t)
	all := enginetest.Hashes(t, enginetest.NewPlan(t))
	runner, _ := runtest.NewRunner(st, 1, enginetest.Fault{})
	_, err := runner.Run(context.Background(), sweep.Cells[1:3]) // attacker 1 alone and N = 2
	require.NoError(t, err)
	require.NoError(t, enginetest.FlipBit(filepath.Join(st.Path(all[1]), store.ResultFile)))

	s, err := summary.Summarize(sweep, st)
	require.NoError(t, err)
	var missing []string
	for _, m := range s.Missing {
		missing = append(missing, m.Cell)
	}
	require.Equal(t, []string{all[0], all[1], all[3], all[4]}, missing, "broken results are not used")
	games := s.Points[0].Games
	require.False(t, games[0].Complete)
	require.False(t, games[0].ASR.Mean.Defined())
	require.True(t, games[1].Complete)
	require.Nil(t, games[1].Attackers[0].SingleASR)
	require.Equal(t, all[0], games[1].Attackers[0].SingleCell)
}
