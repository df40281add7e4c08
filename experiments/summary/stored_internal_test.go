package summary

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/jsonfile"
)

func TestSummariesAreFoundAndLoaded(t *testing.T) {
	_, err := store.OpenExisting(t.TempDir())
	require.ErrorIs(t, err, store.ErrStore)
	st, err := store.Open(t.TempDir())
	require.NoError(t, err)
	_, err = st.Summaries("")
	require.ErrorIs(t, err, store.ErrNoSummary)

	row := func(targets ...int) GameResult {
		r := GameResult{N: len(targets), Defender: plan.Undefended, Models: []string{"m"}}
		for _, target := range targets {
			a := GameAttacker{}
			a.Target = game.TargetLabel(target)
			r.Attackers = append(r.Attackers, a)
		}
		return r
	}
	origin := &Request{Kind: "points", Name: "run", Command: "backfire run"}
	run := runSummary{Format: 1, Plan: "aa11", Origin: origin, Seed: 3, Rows: []GameResult{row(2, 2), row(1, 2)}}
	text, err := jsonfile.Encode(run)
	require.NoError(t, err)
	old, err := st.WritePlanFile(context.Background(), run.Plan, store.SummaryFile, text)
	require.NoError(t, err)
	sweep := &Summary{Format: plan.SweepFormat, Sweep: "aa22", Points: []PointSummary{{Name: "p", Games: []GameSummary{{GameResult: row(1)}}}}}
	require.NoError(t, sweep.Write(context.Background(), st))

	view, err := store.OpenExisting(st.Dir())
	require.NoError(t, err)
	paths, err := view.Summaries("aa")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{old, sweep.Path}, paths)
	paths, err = view.Summaries("aa1")
	require.NoError(t, err)
	require.Equal(t, []string{old}, paths)

	loaded, err := Load(old)
	require.NoError(t, err)
	require.Equal(t, origin, loaded.Origin)
	require.Equal(t, st.Dir(), loaded.Store)
	require.Equal(t, "aa11", loaded.Sweep)
	require.Len(t, loaded.Points, 1)
	require.Equal(t, uint64(3), loaded.Points[0].Seed)
	require.Equal(t, "list", loaded.Points[0].Labels, "the attackers of the second game want different labels")
	require.Len(t, loaded.Points[0].Games, 2)

	loaded, err = Load(sweep.Path)
	require.NoError(t, err)
	require.Equal(t, "aa22", loaded.Sweep)
	require.Nil(t, loaded.Origin)
}
