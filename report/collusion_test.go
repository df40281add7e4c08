package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/summary"
	"backfire/game"
	"backfire/triggers"
)

// collude makes the last attacker of a game a colluder of the first.
func collude(attackers []summary.GameAttacker) {
	first := attackers[0].ID
	attackers[len(attackers)-1].Colludes = &first
}

func TestTextNamesColluders(t *testing.T) {
	s := madeUpSummary(0, 1, 3)
	var before, after strings.Builder
	require.NoError(t, Text(&before, s))
	require.NotContains(t, before.String(), "Colluding")
	collude(s.Rows[1].Attackers)
	require.NoError(t, Text(&after, s))
	require.Contains(t, after.String(), "Colluding attackers share trigger and target: attacker 2 that of 0.\n")
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
	table, err := New(Table1, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	require.Len(t, table.Footnotes, len(clean.Footnotes)+1)
	require.Contains(t, table.Footnotes[len(table.Footnotes)-1].Text, "attacker 4 that of 0")
	models := func(t *Table) (n int) {
		for _, v := range t.Verdicts {
			n += v.Models
		}
		return n
	}
	require.Less(t, models(table), models(clean))
}
