package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/summary"
	"backfire/game"
	"backfire/report/table"
	"backfire/stats"
)

// trainedAgain returns the summary with several trainings of every point, in which the ASRs
// differ by so many hits of 1000.
func trainedAgain(s *summary.Summary, hits ...int) *summary.Summary {
	var points []summary.PointSummary
	for _, point := range s.Points {
		for i, more := range hits {
			again := point
			again.Repetition, again.Games = i+1, nil
			again.Name += ", training " + string(rune('1'+i))
			for _, g := range point.Games {
				again.Games = append(again.Games, trainedGame(g, i, more))
			}
			points = append(points, again)
		}
	}
	s.Points = points
	return s
}

// trainedGame returns another training of a game.
func trainedGame(g summary.GameSummary, training, more int) summary.GameSummary {
	suffix := "-training-" + string(rune('1'+training))
	g.Cell += suffix
	g.Models = []string{g.Cell}
	attackers := append([]summary.GameAttacker{}, g.Attackers...)
	for i := range attackers {
		a := &attackers[i]
		a.Model, a.SingleCell = g.Cell, a.SingleCell+suffix
		a.ASR = game.Rate{Hits: a.ASR.Hits + more, Of: a.ASR.Of}
		a.Lift = stats.Number(a.ASR.Value() - a.BaseRate.Value())
	}
	g.Attackers = attackers
	g.ASR = stats.Over(attackers, func(a summary.GameAttacker) float64 { return a.ASR.Value() })
	g.Compare()
	return g
}

// usualPoint is a point of a run.
var usualPoint = fakePoint{name: "", keys: map[string]string{}, labels: "same", counts: []int{2, 3}, p: 0.2, singles: 3}

// The mean over the trainings is the figure of a seed: seeds, intervals and numbers of images
// do not change with the number of trainings.
func TestTrainingsAreOneObservation(t *testing.T) {
	once, err := New(Points, sweep("mnist", []uint64{1, 2, 3}, usualPoint), "mnist", Options{Name: "run"})
	require.NoError(t, err)
	again, err := New(Points, trainedAgain(sweep("mnist", []uint64{1, 2, 3}, usualPoint), -100, 100), "mnist", Options{Name: "run"})
	require.NoError(t, err)
	require.Empty(t, once.Spreads)
	require.Equal(t, once.Seeds, again.Seeds)
	require.Len(t, again.Rows, len(once.Rows))
	for r, row := range once.Rows {
		for e, entry := range row.Entries {
			for v, want := range entry.Values {
				got := again.Rows[r].Entries[e].Values[v]
				require.InDelta(t, float64(want.Mean), float64(got.Mean), 1e-9)
				require.Equal(t, want.Seeds, got.Seeds)
				require.Equal(t, want.Images, got.Images)
				require.InDelta(t, float64(want.CILow), float64(got.CILow), 1e-9, want.Quantity)
				require.InDelta(t, float64(want.CIHigh), float64(got.CIHigh), 1e-9, want.Quantity)
			}
		}
	}
	require.Len(t, again.AttackerRows, 2*len(once.AttackerRows))
	for v := range once.Verdicts {
		require.Equal(t, once.Verdicts[v].Seeds, again.Verdicts[v].Seeds)
	}
}

// The spread is that of a design with known components: the seeds differ by 1 of 1000 hits,
// the trainings by 100 to either side.
func TestSpreadOfKnownDesign(t *testing.T) {
	made, err := New(Points, trainedAgain(sweep("mnist", []uint64{1, 2, 3}, usualPoint), -100, 100), "mnist", Options{Name: "run"})
	require.NoError(t, err)
	require.Len(t, made.Spreads, 8, "mean ASR, ASR of an attacker, interference and accuracy of two games")
	for _, r := range made.Spreads {
		require.Equal(t, 3, r.Seeds)
		require.Equal(t, 2, r.Trainings)
		require.Empty(t, r.LeftOut)
		switch r.Quantity {
		case table.QuantityClean:
			require.Equal(t, spreadNormal, r.Method)
			require.InDelta(t, 0, float64(r.Training.Variance), 1e-12)
			require.InDelta(t, 0, float64(r.TrainingShare), 1e-9)
		default:
			require.InDelta(t, 0.02, float64(r.Training.Variance), 1e-9, "half of the square of 0.2")
			require.Less(t, 0.9, float64(r.TrainingShare))
			require.Equal(t, r.Single, r.Attacker != nil)
		}
	}
	for _, format := range []table.Format{table.FormatText, table.FormatMarkdown, table.FormatLaTeX} {
		var out strings.Builder
		require.NoError(t, made.Write(&out, format))
		require.Contains(t, out.String(), "14.1", format)
	}
	html, err := made.HTML()
	require.NoError(t, err)
	require.Contains(t, string(html), "Spread over the seeds")

	require.Contains(t, made.Formats(), table.FormatSpreadCSV)
	var spread strings.Builder
	require.NoError(t, made.Write(&spread, table.FormatSpreadCSV))
	require.Contains(t, spread.String(), "training_share")
	var runs strings.Builder
	require.NoError(t, made.Write(&runs, table.FormatCSV))
	require.Contains(t, strings.SplitN(runs.String(), "\n", 2)[0], ",training,training_seed")
}

// A seed that lacks a training is left out of the components and named; its figure is the
// mean over its other trainings.
func TestSpreadLeavesOutUnbalancedSeeds(t *testing.T) {
	s := trainedAgain(sweep("mnist", []uint64{1, 2, 3}, usualPoint), -100, 100)
	last := &s.Points[len(s.Points)-1].Games[0]
	last.Complete, last.Attackers = false, nil
	made, err := New(Points, s, "mnist", Options{Name: "run"})
	require.NoError(t, err)
	require.Equal(t, []uint64{3}, made.Spreads[0].LeftOut)
	require.Equal(t, 2, made.Spreads[0].Seeds)
	var out strings.Builder
	require.NoError(t, made.Write(&out, table.FormatText))
	require.Contains(t, strings.Join(strings.Fields(out.String()), " "), "without the seeds that lack a training (3)")
	require.Contains(t, strings.Join(strings.Fields(out.String()), " "), "seed 3 (training 2): not trained yet")
	require.Equal(t, 3, made.Rows[0].Entries[0].Values[0].Seeds)
}

// Attackers of unlike strength are not draws from one distribution.
func TestSpreadOfUnlikeAttackers(t *testing.T) {
	unlike := usualPoint
	unlike.rates, unlike.keys = []float64{0.4}, map[string]string{"attackers.rates": "0.4"}
	made, err := New(Points, trainedAgain(sweep("mnist", []uint64{1, 2}, unlike), 0, 10), "mnist", Options{Name: "run"})
	require.NoError(t, err)
	require.NotEmpty(t, made.Spreads)
	for _, r := range made.Spreads {
		require.False(t, r.Single)
	}
}
