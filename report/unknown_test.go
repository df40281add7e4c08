package report

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/summary"
	"backfire/game"
	"backfire/report/table"
	"backfire/stats"
)

// unknownPoint is a game that a defender is asked in without an index, on so many
// seeds.
func unknownPoint(seeds ...uint64) *summary.Summary {
	s := sweep("mnist", seeds, defended3(5))
	for i := range s.Points {
		g := &s.Points[i].Games[3]
		g.Defender = "indexing_unknown"
		for entry := range 9 {
			at := entry % 3
			similarity := []string{summary.GuessRandom, "mmd", summary.GuessPerfect}[at]
			hits := []int{20, 40 + 4*i, 100}[at]
			u := summary.UnknownIndex{
				Similarity: similarity, Query: "batch",
				TopOne: game.Rate{Hits: hits, Of: 100}, CleanAccuracy: game.Rate{Hits: 900, Of: 1000},
				ASR: stats.Summarize([]float64{0.1, 0.3}), Robustness: stats.Summarize([]float64{0.5, 0.7}),
			}
			switch entry / 3 {
			case 0:
				u.Update = "retrain"
			case 1:
				u.Update = "pick"
			default:
				u.Update = "unlearn"
			}
			u.Cost.Models, u.Cost.Images, u.Cost.Undefended = 6, 540, 100
			g.Unknown = append(g.Unknown, u)
		}
	}
	return s
}

func TestUnknownIndex(t *testing.T) {
	made, err := New(Unknown, unknownPoint(1, 2), "mnist", Options{Name: "defenses-unknown-index", Title: "Defenses"})
	require.NoError(t, err)
	require.Equal(t, []string{"query", "similarity"}, made.Heads)
	require.Len(t, made.Rows, 3)
	require.Len(t, made.Columns, 1+3*3)
	require.Equal(t, table.Column{Group: "pick", Head: "ASR"}, made.Columns[5])
	row := made.Rows[1]
	require.Equal(t, []string{"batch", "mmd"}, row.Labels)
	require.InDelta(t, 0.42, float64(row.Entries[0].Values[0].Mean), 1e-12) // one addition
	require.Equal(t, 2, row.Entries[0].Values[0].Seeds)
	require.Equal(t, table.OverSeeds, row.Entries[0].Values[0].CIOver)
	require.Equal(t, 200, row.Entries[0].Values[0].Images)
	require.InDelta(t, 0.2, float64(row.Entries[5].Values[0].Mean), 1e-12)
	require.Contains(t, made.Notes[1], "at least once: retrain 5.40, pick 5.40, unlearn 5.40.")
	require.Empty(t, made.AttackerRows, "they are in the table of the sweep")

	// Of several games each row says whose it is.
	several := unknownPoint(1, 2)
	for i := range several.Points {
		other := several.Points[i]
		other.Keys = map[string]string{"indexing.unlearn_lr": "0.01"}
		several.Points[i].Keys = map[string]string{"indexing.unlearn_lr": "0.001"}
		several.Points = append(several.Points, other)
	}
	made, err = New(Unknown, several, "mnist", Options{})
	require.NoError(t, err)
	require.Len(t, made.Rows, 6)
	require.Equal(t, []string{"point", "unlearn_lr", "N", "query", "similarity"}, made.Heads)
	require.Equal(t, []string{"0.01", "5", "batch", "mmd"}, made.Rows[4].Labels[1:])

	_, err = New(Unknown, sweep("mnist", []uint64{1}, defended3(5)), "mnist", Options{})
	require.ErrorIs(t, err, ErrEmpty)
}
