package report

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/curve"
	"backfire/experiments/summary"
	"backfire/figures"
	"backfire/game"
	"backfire/report/layout/layouttest"
	"backfire/report/table"
	"backfire/stats"
)

// learnt makes up the learning curve of a game with n attackers, scored after every second
// epoch: the ASR of attacker i rises by 10 + i points from one to the next.
func learnt(n, most int) []curve.Point {
	var points []curve.Point
	for k := 1; k <= most; k++ {
		p := curve.Point{Epoch: 2 * k}
		p.CleanAccuracy = game.Rate{Hits: 20 * k, Of: 100}
		for i := range n {
			asr, base := game.Rate{Hits: (10 + i) * k, Of: 100}, game.Rate{Hits: 5, Of: 100}
			p.Attackers = append(p.Attackers, curve.Attacker{
				ID: i, ASR: asr, BaseRate: base, Lift: stats.Number(asr.Value() - base.Value()), CleanAccuracy: game.Rate{Hits: 30 * k, Of: 100},
			})
		}
		points = append(points, p)
	}
	return points
}

// learntSweep makes up a sweep of two seeds with learning curves of three points.
func learntSweep(counts ...int) *summary.Summary {
	s := sweep("mnist", []uint64{1, 2}, points3(counts...))
	for i := range s.Points {
		for j := range s.Points[i].Games {
			g := &s.Points[i].Games[j]
			g.Curve = learnt(g.N, 3)
		}
	}
	return s
}

func TestLearningCurvesAreDrawnForEachGame(t *testing.T) {
	s := learntSweep(1, 2, 20)
	s.Points[1].Games[1].Curve[2].Attackers[1].ASR = game.Rate{Hits: 53, Of: 100} // 33 in the other seed
	all, err := Figures(Points, s, "mnist", Options{})
	require.NoError(t, err)
	alone, two, many := named(t, all, "-learning-1"), named(t, all, "-learning-2"), named(t, all, "-learning-3")
	require.Equal(t, "Learning curves, N = 1", alone.Title)
	require.Len(t, alone.Values.Rows, 2*3, "ASR and standard accuracy")
	require.Equal(t, "attacker 0", alone.Values.Rows[0][0])
	require.Contains(t, two.Title, "N = 2")
	require.Contains(t, two.Values.Rows, []string{"attacker 0", "4", "20", ""})
	require.Contains(t, two.Values.Rows, []string{"attacker 1", "6", "43", ""})
	require.Contains(t, two.Values.Rows, []string{"standard accuracy", "6", "60", ""})
	require.Contains(t, two.Values.Rows, []string{"mean ASR", "2", "11", "1–88"})
	require.Contains(t, two.Alt(), "attacker 1, epoch 6: ASR and standard accuracy, % 43.")
	require.Contains(t, two.Basis, "2 seeds (1, 2)")
	require.Len(t, many.Values.Rows, 2*3)
	require.Contains(t, many.Caption, "Of the 20 attackers the mean is shown")
	require.Contains(t, many.Values.Heads, "std over attackers")
	for _, f := range []*figures.Figure{alone, two, many} {
		svg, err := f.Inline(figures.Narrow, "")
		require.NoError(t, err)
		require.Contains(t, svg, "epoch")
	}
}

// A game of which one seed has no curve has no figure, nor has one of a single point.
func TestLearningCurvesNeedEverySeedAndTwoPoints(t *testing.T) {
	s := learntSweep(1, 2)
	s.Points[1].Games[0].Curve = nil
	s.Points[0].Games[1].Curve, s.Points[1].Games[1].Curve = learnt(2, 1), learnt(2, 1)
	all, err := Figures(Points, s, "mnist", Options{})
	require.NoError(t, err)
	for _, f := range all {
		require.NotContains(t, f.Name, "learning")
	}
}

func TestLearningCurvesOfManyGames(t *testing.T) {
	all, err := Figures(Points, learntSweep(1, 2, 3, 4, 5, 6, 7, 8), "mnist", Options{})
	require.NoError(t, err)
	drawn := 0
	for _, f := range all {
		if strings.Contains(f.Name, "learning") {
			drawn++
			require.Contains(t, f.Caption, "6 of 8 games")
		}
	}
	require.Equal(t, mostCurves, drawn)
}

func TestLearningCurvesInTheLongForm(t *testing.T) {
	s := learntSweep(2)
	s.Points[0].Games[0].Curve[0].Attackers[0].ASR = game.Rate{}
	made, err := New(Points, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	require.Equal(t, append(table.Formats(), table.FormatCurvesCSV), made.Formats())
	lines, err := csv.NewReader(strings.NewReader(layouttest.Written(t, made, table.FormatCurvesCSV))).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 1+2*3*(1+2*len(curve.Measures())))
	tail := func(line []string) string { return strings.Join(line[7:11], " ") }
	require.Equal(t, "epoch agent measure value", tail(lines[0]))
	require.Equal(t, "2 defender standard_accuracy 0.2", tail(lines[1]))
	require.Equal(t, "2 0 asr ", tail(lines[2]), "a rate over no images")
	require.Equal(t, "2 1 lift 0.06", tail(lines[8]))
	require.Equal(t, s.Points[0].Games[0].Attackers[1].Model, lines[8][6])
	for i := range s.Points {
		s.Points[i].Games[0].Curve = nil
	}
	made, err = New(Points, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	require.Equal(t, table.Formats(), made.Formats(), fmt.Sprint(made.CurveRows))
}
