package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/curve"
	"backfire/experiments/store"
	"backfire/figures"
	"backfire/game"
)

// Images with a trigger are counted by what they are predicted as, and clean images by their true class.
func TestFiguresOfPredictions(t *testing.T) {
	s := madeUpRun(madeUpGames(0, 2), 1, 2)
	for i := range s.Points {
		s.Points[i].Data.Classes = []string{"shirt", "bag"}
		for j := range s.Points[i].Games[0].Attackers {
			s.Points[i].Games[0].Attackers[j].HeldOut = 4
		}
	}
	opt := Options{
		Result: func(string) (*store.Result, error) {
			r := &store.Result{CleanAccuracy: game.Rate{Hits: 3, Of: 5}}
			for range 2 {
				r.Attackers = append(r.Attackers, store.AttackerResult{})
			}
			for i := range r.Attackers {
				r.Attackers[i].HeldOut = 4
			}
			return r, nil
		},
		// The defender's images, the attackers' without a trigger, with that of 0, with that of 1.
		Predictions: func(string) ([]uint16, error) {
			return slices.Concat([]uint16{0, 0, 1, 1, 1}, []uint16{0, 0, 0, 0, 1, 1, 1, 1}, []uint16{1, 1, 1, 1}, []uint16{0, 1, 1, 1}), nil
		},
		Labels: func(string) ([]uint16, error) { return []uint16{0, 0, 0, 1, 1}, nil },
	}
	all, err := Figures(Points, s, "embedded", opt)
	require.NoError(t, err)
	require.Equal(t, [][]string{{"0", "0", "100"}, {"1", "25", "75"}, {"none", "50", "50"}}, named(t, all, "-destinations").Values.Rows)
	require.Equal(t, [][]string{{"shirt", "67", "33"}, {"bag", "0", "100"}}, named(t, all, "-confusion").Values.Rows)
	require.False(t, slices.ContainsFunc(all, func(f *figures.Figure) bool { return strings.HasSuffix(f.Name, "-cross") }), "where all share a label, it would say less")

	// Without the images there is no confusion, and fewer predictions than probes are not taken.
	opt.Labels = func(string) ([]uint16, error) { return nil, nil }
	all, err = Figures(Points, s, "embedded", opt)
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(all, func(f *figures.Figure) bool { return strings.HasSuffix(f.Name, "-confusion") }))
	opt.Predictions = func(string) ([]uint16, error) { return []uint16{0}, nil }
	all, err = Figures(Points, s, "embedded", opt)
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(all, func(f *figures.Figure) bool { return strings.HasSuffix(f.Name, "-destinations") }))
}

// The lead draws each attacker alone and among the others, and with curves so does their training.
func TestLeadIsAloneAgainstAmong(t *testing.T) {
	scores := func(epoch, hits, n int) curve.Point {
		p := curve.Point{Epoch: epoch, Scores: curve.Scores{CleanAccuracy: game.Rate{Hits: hits, Of: 20}}}
		for id := range n {
			p.Attackers = append(p.Attackers, curve.Attacker{ID: id, ASR: game.Rate{Hits: hits, Of: 10}})
		}
		return p
	}
	games := madeUpGames(3, 3)
	games[0].Curve = []curve.Point{scores(1, 2, 3), scores(2, 4, 3)}
	s := madeUpRun(games, 1, 2)
	opt := Options{Curve: func(string) (*curve.Curve, error) {
		return &curve.Curve{Points: []curve.Point{scores(1, 6, 3), scores(2, 8, 3)}}, nil
	}}
	all, err := Figures(Points, s, "embedded", opt)
	require.NoError(t, err)
	require.True(t, all[0].Lead)
	require.Equal(t, "Each attacker alone and among 3", all[0].Title)
	require.Len(t, all[0].Values.Rows, 4, "three attackers and their mean")
	require.Equal(t, "2 seeds (1, 2); 4 models.", all[0].Basis)
	learning := named(t, all, "-learning-alone-among")
	require.Equal(t, [][]string{
		{"ASR among 3", "1", "20.0"},
		{"ASR among 3", "2", "40.0"},
		{"ASR alone", "1", "60.0"},
		{"ASR alone", "2", "80.0"},
		{"standard accuracy among 3", "1", "10.0"},
		{"standard accuracy among 3", "2", "20.0"},
		{"standard accuracy alone", "1", "30.0"},
		{"standard accuracy alone", "2", "40.0"},
	}, learning.Values.Rows)

	// Attackers that were not played alone have no such figure.
	all, err = Figures(Points, madeUpRun(madeUpGames(0, 3), 1), "embedded", opt)
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(all, func(f *figures.Figure) bool { return f.Lead }))
}
