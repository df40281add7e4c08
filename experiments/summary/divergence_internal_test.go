package summary

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

// A cell keeps its hash, and a result without divergences is retrained for them; then
// every attacker of a game has its own.
func TestDivergencesAreJoinedToTheRows(t *testing.T) {
	cfg, err := enginetest.Config()
	require.NoError(t, err)
	without := enginetest.DefendedPlan(t, cfg)
	cfg.Artefacts.Divergence = true
	p := enginetest.DefendedPlan(t, cfg)
	require.Equal(t, without.Games, p.Games, "they are no part of a cell")

	st, err := store.Open(t.TempDir())
	require.NoError(t, err)
	run := func(cfg config.Config) []GameSummary {
		runner := &runner.Runner{Store: st, Command: enginetest.Command(enginetest.Fault{}), Workers: 1, Threads: 1, Device: "cpu", Artefacts: plan.ArtefactsOf(cfg)}
		outcome, err := runner.Run(context.Background(), p.Cells)
		require.NoError(t, err)
		require.Equal(t, 5, outcome.Trained)
		games, err := Games(p, plan.NewCachedReader(st))
		require.NoError(t, err)
		return games
	}
	off := cfg
	off.Artefacts.Divergence = false
	for _, row := range run(off) {
		for _, a := range row.Attackers {
			require.Nil(t, a.Divergence)
		}
	}
	for _, row := range run(cfg) {
		record, err := st.Read(row.Cell)
		require.NoError(t, err)
		require.Contains(t, record.Files(), store.DivergenceFile)
		measured, err := record.Divergences()
		require.NoError(t, err)
		for _, a := range row.Attackers {
			require.Equal(t, measured.Of(a.ID, int(a.Target)), a.Divergence)
			require.True(t, a.Divergence.MMD2.Defined())
		}
	}
}
