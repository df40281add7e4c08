package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/claims"
	"backfire/experiments/cell"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/report/layout/layouttest"
	"backfire/report/table"
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
	require.Equal(t, table.OverSeeds, first.CIOver)
	requireInterval(t, first, 0.9, 0.5, 0.4)
	require.Equal(t, 3000, first.Images)
	require.False(t, first.Spread)
	require.InDelta(t, 0.55, float64(first.Paper), tolerance)

	mean := row.Entries[5].Values[0]
	require.InDelta(t, 0.4, float64(mean.Mean), tolerance)            // of 0.5, 0.4, 0.3
	require.InDelta(t, (0.4+0.1+0.1)/3, float64(mean.Std), tolerance) // population std within each game
	requireInterval(t, mean, 0.5, 0.4, 0.3)
	require.Equal(t, 6000, mean.Images)
	require.Equal(t, 3, mean.Seeds)
	require.InDelta(t, (0.55-0.511)/2, float64(mean.PaperStd), tolerance)
}

// requireInterval requires the interval of a value to be that of the seeds' shares. Its
// limits are checked against SciPy in package stats.
func requireInterval(t *testing.T, v table.Value, shares ...float64) {
	t.Helper()
	want, err := stats.Bounded(stats.Range{Low: 0, High: 1}).Interval(shares, 0.95)
	require.NoError(t, err)
	require.InDelta(t, float64(want.Low), float64(v.CILow), 1e-9) // a few additions
	require.InDelta(t, float64(want.High), float64(v.CIHigh), 1e-9)
}

// With one seed an interval over its images takes the place of that over the seeds, and
// says so in every form.
func TestOneSeedHasAnIntervalOverImages(t *testing.T) {
	made, err := New(Table1, sweep("mnist", []uint64{4}, points1()...), "mnist", Options{Result: result})
	require.NoError(t, err)
	for _, row := range made.Rows {
		for _, entry := range row.Entries {
			for _, v := range entry.Values {
				if v.Quantity == table.QuantityInterference {
					require.Empty(t, v.CIOver, "a difference of two games is no share of images")
					continue
				}
				require.Equal(t, table.OverImages, v.CIOver)
				require.Less(t, float64(v.CILow), float64(v.CIHigh))
				require.True(t, v.CILow <= v.Mean && v.Mean <= v.CIHigh)
			}
		}
	}
	two := find(t, made, "N = 2, all at 0.2")
	require.Equal(t, []int{1000, 2000}, []int{two.Entries[0].Values[0].Images, two.Entries[5].Values[0].Images})
	wilson, err := stats.Wilson(504, 1000, 0.95)
	require.NoError(t, err)
	require.Equal(t, wilson, stats.Interval{Low: two.Entries[0].Values[0].CILow, High: two.Entries[0].Values[0].CIHigh})
	html, err := made.HTML()
	require.NoError(t, err)
	require.Contains(t, string(html), "CI, images")
	for _, format := range []table.Format{table.FormatText, table.FormatMarkdown, table.FormatLaTeX} {
		require.Regexp(t, `95( |~\\)% CI, images`, layouttest.Written(t, made, format))
	}
	require.Contains(t, layouttest.Written(t, made, table.FormatCellsCSV), ",images,")
	require.Contains(t, layouttest.Written(t, made, table.FormatJSON), `"ci_over": "images"`)
	require.Contains(t, strings.Join(made.Notes, "\n"), "One seed: 4")
	for _, verdict := range made.Verdicts {
		require.Equal(t, claims.Undecided, verdict.Outcome)
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
