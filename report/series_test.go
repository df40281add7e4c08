package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/claims"
	"backfire/experiments/cell"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/stats"
)

// The figures over seeds and over attackers are what their names say, worked out
// by hand here.
func TestFiguresAreOverSeedsOrOverAttackers(t *testing.T) {
	s := sweep("mnist", []uint64{1, 2, 3}, points1()...)
	for seed, asrs := range [][2]int{{900, 100}, {500, 300}, {400, 200}} {
		g := &s.Points[3*seed].Games[1]
		g.Attackers[0].ASR, g.Attackers[1].ASR = game.Rate{Hits: asrs[0], Of: 1000}, game.Rate{Hits: asrs[1], Of: 1000}
		g.ASR = stats.Summarize([]float64{g.Attackers[0].ASR.Value(), g.Attackers[1].ASR.Value()})
	}
	made, err := New(Table1, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	row := find(t, made, "N = 2, all at 0.2")

	const tolerance = 1e-9 // rounding of a few additions of numbers near 1
	first := row.Entries[0].Values[0]
	require.InDelta(t, 0.6, float64(first.Mean), tolerance)
	// Values 0.9, 0.5, 0.4: s = 0.26457513, t(0.975, 2) = 4.30265273.
	require.InDelta(t, 4.30265273*0.264575131/1.732050808, float64(first.CI95), 1e-7) // digits given
	require.False(t, first.Spread)
	require.InDelta(t, 0.55, float64(first.Paper), tolerance)

	mean := row.Entries[5].Values[0]
	require.InDelta(t, 0.4, float64(mean.Mean), tolerance)                   // of 0.5, 0.4, 0.3
	require.InDelta(t, (0.4+0.1+0.1)/3, float64(mean.Std), tolerance)        // population std within each game
	require.InDelta(t, 4.30265273*0.1/1.732050808, float64(mean.CI95), 1e-7) // over 0.5, 0.4, 0.3
	require.Equal(t, 3, mean.Seeds)
	require.InDelta(t, (0.55-0.511)/2, float64(mean.PaperStd), tolerance)
}

func TestOneSeedHasNoInterval(t *testing.T) {
	made, err := New(Table1, sweep("mnist", []uint64{4}, points1()...), "mnist", Options{Result: result})
	require.NoError(t, err)
	for _, row := range made.Rows {
		for _, cell := range row.Entries {
			for _, f := range cell.Values {
				require.False(t, f.CI95.Defined())
			}
		}
	}
	require.Contains(t, strings.Join(made.Notes, "\n"), "One seed: 4")
	for _, verdict := range made.Verdicts {
		require.Equal(t, claims.Inconclusive, verdict.Outcome)
	}
}

func TestGivenName(t *testing.T) {
	for name, want := range map[string]string{
		"mnist, N = 2, same label, seed 3":        "N = 2, same label",
		"attackers.p = 0.3, trigger.range = area": "",
		"mine, attackers.p = 0.3, seed 4, seed 3": "mine, seed 4",
		"a, attackers.p = 0.5":                    "a, attackers.p = 0.5",
	} {
		point := &summary.PointSummary{
			Name: name, Seed: 3, Data: cell.Data{Name: "mnist"},
			Keys: map[string]string{"attackers.p": "0.3", "trigger.range": "area"},
		}
		require.Equal(t, want, givenName(point), name)
	}
}
