package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/figures"
	"backfire/game"
	"backfire/report/table"
)

// crossResult makes up a result with the cross-trigger matrix of a game of five.
func crossResult(cell string) (*store.Result, error) {
	r := &store.Result{Cell: cell}
	for i := range 5 {
		var row []game.Rate
		for j := range 5 {
			row = append(row, game.Rate{Hits: 10*i + j, Of: 100})
		}
		r.Cross = append(r.Cross, row)
	}
	return r, nil
}

// fewMetrics makes up the course of a training.
func fewMetrics(string) ([]store.EpochMetrics, error) {
	return []store.EpochMetrics{{Epoch: 1, Loss: 2, TrainAccuracy: 0.3}, {Epoch: 2, Loss: 1, TrainAccuracy: 0.6}}, nil
}

// named returns the figure whose name ends so.
func named(t *testing.T, all []*figures.Figure, end string) *figures.Figure {
	t.Helper()
	var names []string
	for _, f := range all {
		if strings.HasSuffix(f.Name, end) {
			return f
		}
		names = append(names, f.Name)
	}
	require.Failf(t, "no such figure", "%s among %v", end, names)
	return nil
}

func TestFiguresOfTable1(t *testing.T) {
	s := sweep("mnist", []uint64{1, 2, 3}, points1()...)
	all, err := Figures(Table1, s, "mnist", Options{Result: crossResult, Metrics: fewMetrics})
	require.NoError(t, err)
	for _, end := range []string{"asr-by-attackers", "asr-by-attacker", "asr-by-rate", "cross", "training-loss", "training-accuracy"} {
		f := named(t, all, "-"+end)
		require.Contains(t, f.Basis, "3 seeds (1, 2, 3)")
		require.Contains(t, f.Readings, "Readings: trigger per_dimension")
		var svg bytes.Buffer
		require.NoError(t, f.Write(&svg, figures.SVG, figures.Narrow))
	}
	// The figure has the table's values, and the paper's.
	made, err := New(Table1, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	n5 := made.Rows[5].Entries[5].Values[0]
	require.Contains(t, named(t, all, "asr-by-attackers").Values.Rows,
		[]string{"mean ASR", "5", n5.Percent(n5.Mean), n5.Percent(n5.CILow) + "–" + n5.Percent(n5.CIHigh), n5.Percent(n5.Std)})
	require.Contains(t, named(t, all, "asr-by-attackers").Values.Rows, []string{"paper", "5", table.PrintedPercent(n5.Paper), "", ""})
	require.Equal(t, []string{"3", "30", "31", "32", "33", "34"}, named(t, all, "cross").Values.Rows[3])
	require.Equal(t, []string{"N = 1", "2", "1"}, named(t, all, "training-loss").Values.Rows[1])
}

func TestFiguresOfDefenses(t *testing.T) {
	all, err := Figures(Table3, sweep("mnist", []uint64{4}, defended3(1, 5)), "mnist", Options{})
	require.NoError(t, err)
	f := named(t, all, "trade-off")
	require.Contains(t, f.Title, "N = 5")
	require.Contains(t, f.Basis, "One seed: 4, so no interval over seeds")
	var names []string
	for _, row := range f.Values.Rows {
		names = append(names, row[0])
	}
	require.Equal(t, []string{"no defense", "cutmix", "agent augmentation", "indexing"}, names)
	require.Len(t, named(t, all, "asr-by-attackers").Values.Rows, 2*4+2+2) // two N, with base rate and paper
	for _, f := range all {
		require.NotContains(t, f.Name, "cross", "without results there is no matrix")
	}
}

// The matrix of many attackers takes those together who want the same.
func TestCrossTriggerMatrixOfManyIsByTarget(t *testing.T) {
	const n = 101
	s := sweep("mnist", []uint64{1, 2}, points3(n))
	all, err := Figures(Points, s, "mnist", Options{Result: func(cell string) (*store.Result, error) {
		var seed uint64
		_, err := fmt.Sscanf(cell, "table3-%d", &seed)
		require.NoError(t, err)
		attackers := s.Points[seed-1].Games[0].Attackers
		r := &store.Result{Cell: cell}
		for range n {
			var row []game.Rate
			for _, other := range attackers { // each attacker is taken for its label in percent, by one more in the second seed
				row = append(row, game.Rate{Hits: int(other.Target) + int(seed) - 1, Of: 100})
			}
			r.Cross = append(r.Cross, row)
		}
		return r, nil
	}})
	require.NoError(t, err)
	f := named(t, all, "-cross-labels")
	require.Contains(t, f.Title, "by target")
	require.Equal(t, append([]string{"trigger of those who want"}, classNames...), f.Values.Heads)
	require.Len(t, f.Values.Rows, len(classNames))
	require.Equal(t, []string{"7", "0.5", "1.5", "2.5", "3.5", "4.5", "5.5", "6.5", "7.5", "8.5", "9.5"}, f.Values.Rows[7])
	for _, other := range all {
		require.False(t, strings.HasSuffix(other.Name, "-cross"), other.Name)
	}
}

// What varies along with x must not be joined into one line.
func TestFiguresByPoolKeepOtherKeysApart(t *testing.T) {
	var points []fakePoint
	for _, keys := range []map[string]string{
		{"pool.size": "1000", "model.width": "4"},
		{"pool.size": "2000", "model.width": "4"},
		{"pool.size": "1000", "model.width": "8"},
		{"pool.size": "2000", "model.width": "8"},
	} {
		points = append(points, fakePoint{name: keysText(keys), keys: keys, labels: "same", counts: []int{2}, p: 0.2})
	}
	s := sweep("mnist", []uint64{1}, points...)
	for i := range s.Points {
		s.Points[i].Pool = map[string]int{"1000": 1000, "2000": 2000}[s.Points[i].Keys["pool.size"]]
	}
	all, err := Figures(Points, s, "mnist", Options{Name: "of mine"})
	require.NoError(t, err)
	rows := named(t, all, "of-mine-mnist-asr-by-pool").Values.Rows
	require.Equal(t, []string{"width = 4", "1000"}, rows[0][:2])
	require.Equal(t, []string{"width = 4", "2000"}, rows[1][:2])
	require.Equal(t, []string{"width = 8", "1000"}, rows[2][:2])
}

func TestFiguresOfNothing(t *testing.T) {
	_, err := Figures(Points, sweep("mnist", []uint64{1}, points3(1)), "cifar10", Options{})
	require.ErrorIs(t, err, ErrEmpty)
}

func TestTableAsHTML(t *testing.T) {
	made, err := New(Table1, sweep("mnist", []uint64{1, 2, 3}, points1()...), "mnist", Options{Result: result})
	require.NoError(t, err)
	made.Rows[0].Labels[0] = "<b>each</b>"
	html, err := made.HTML()
	require.NoError(t, err)
	for _, text := range []string{
		`<th scope="colgroup" colspan="5">attacker</th>`, "&lt;b&gt;each", `<i>paper, ±13</i> 95.3`, `<i>CI</i> 24–100`, `data-sort="0.`,
	} {
		require.Contains(t, string(html), text)
	}
	require.Equal(t, len(made.Rows)+2, strings.Count(string(html), "<tr"))
}
