package report

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/summary"
	"backfire/game"
	"backfire/report/layout/layouttest"
	"backfire/report/table"
	"backfire/triggers"
)

// collude makes the last attacker of a game a colluder of the first.
func collude(attackers []summary.GameAttacker) {
	first := attackers[0].ID
	attackers[len(attackers)-1].Colludes = &first
}

func TestRunNamesColluders(t *testing.T) {
	s := madeUpRun(madeUpGames(0, 1, 3), 1)
	text := func() string {
		made, err := New(Points, s, "embedded", Options{})
		require.NoError(t, err)
		return layouttest.Written(t, made, table.FormatText)
	}
	require.NotContains(t, text(), "Colluding")
	collude(s.Points[0].Games[1].Attackers)
	require.Contains(t, text(), "Colluding attackers share trigger and target: attacker 2 that of 0.\n")
}

// A game with colluders is no game of the paper's: it is shown with a footnote and
// settles nothing. The overlap that they declared is not held against them.
func TestTableNamesColludersAndJudgesWithoutThem(t *testing.T) {
	s := sweep("mnist", []uint64{1, 2, 3}, points1()...)
	clean, err := New(Table1, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	for i := range s.Points {
		game5 := &s.Points[i].Games[len(s.Points[i].Games)-1]
		collude(game5.Attackers)
		game5.Overlaps = []game.PairOverlap{{A: 0, B: 4, Declared: true, Overlap: triggers.Overlap{Jaccard: 1}}}
	}
	made, err := New(Table1, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	require.Len(t, made.Footnotes, len(clean.Footnotes)+1)
	require.Contains(t, made.Footnotes[len(made.Footnotes)-1].Text, "attacker 4 that of 0")
	models := func(t *table.Table) (n int) {
		for _, v := range t.Verdicts {
			n += v.Models
		}
		return n
	}
	require.Less(t, models(made), models(clean))
}
