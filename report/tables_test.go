package report

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/claims"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/report/table"
)

// find returns the row with a label.
func find(t *testing.T, made *table.Table, label string) table.Row {
	t.Helper()
	i := slices.IndexFunc(made.Rows, func(r table.Row) bool { return r.Labels[0] == label })
	require.GreaterOrEqual(t, i, 0, label)
	return made.Rows[i]
}

// besidePaper reports whether a row has figures of the paper.
func besidePaper(row table.Row) bool {
	return slices.ContainsFunc(row.Entries, func(e table.Entry) bool {
		return slices.ContainsFunc(e.Values, func(v table.Value) bool { return v.Paper.Defined() })
	})
}

// A trigger that was verified in another single game than the point's own is shown
// with what it is worth in that, and flagged where that is too little.
func TestTriggersVerifiedElsewhere(t *testing.T) {
	marked := func(made *table.Table, marks []string) string {
		var texts []string
		for _, note := range made.Footnotes {
			if slices.Contains(marks, note.Mark) {
				texts = append(texts, note.Text)
			}
		}
		return strings.Join(texts, " ")
	}
	one := points1()
	one[1].singles, one[1].elsewhere = 1, true
	s := sweep("mnist", []uint64{1, 2}, one...)
	s.Points[4].Games[0].Attackers[0].SingleASR.Hits = 700
	made, err := New(Table1, s, "mnist", Options{})
	require.NoError(t, err)
	row := find(t, made, "N = 5, attacker 0 at 0.4")
	require.Equal(t, "Single ASR with the rate of this game, its trigger verified at another: attacker 0 83.5 % "+
		"(under the ASR asked of triggers: seed 2).", marked(made, row.Marks))
	require.Empty(t, find(t, made, "N = 5, all at 0.2").Marks)
	require.Empty(t, find(t, made, "each alone, at 0.2").Marks)

	two := points2()
	two[1].elsewhere = true
	s = sweep("mnist", []uint64{1}, two...)
	s.Points[1].Games[0].Attackers[1].SingleASR.Hits = 700
	made, err = New(Table2, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	row = find(t, made, "N = 2, different")
	require.Empty(t, row.Entries[0].Marks)
	require.Equal(t, "Trigger verified in another single game; in this one its ASR is under 80 %: attacker 1, seed 1.", marked(made, row.Entries[1].Marks))
}

// Only games played as the paper's have its figures beside them.
func TestPaperStandsBesideItsOwnGamesOnly(t *testing.T) {
	printed := func(kind Kind, s *summary.Summary) int {
		made, err := New(kind, s, s.Points[0].Data.Name, Options{Result: result})
		require.NoError(t, err)
		rows := 0
		for _, row := range made.Rows {
			if besidePaper(row) {
				rows++
			}
		}
		return rows
	}
	one := []uint64{1}
	require.Equal(t, 8, printed(Table1, sweep("mnist", one, points1()...)))
	require.Equal(t, 0, printed(Table1, sweep("embedded", one, points1()...)))
	require.Equal(t, 4, printed(Table2, sweep("cifar10", one, points2()...)))
	require.Equal(t, 4, printed(Table3, sweep("cifar10", one, points3(1, 2))))

	other := points1()
	other[0].p = 0.3
	require.Equal(t, 2, printed(Table1, sweep("mnist", one, other...)), "the two rows with other rates")
	labels := points2()
	labels[1].targets = []int{2, 1}
	require.Equal(t, 3, printed(Table2, sweep("mnist", one, labels...)))
	many := points3(1, 2)
	many.p = 0.3
	require.Equal(t, 0, printed(Table3, sweep("mnist", one, many)))
}

func TestClaimsOfATable(t *testing.T) {
	for kind, want := range map[Kind][]string{Table1: {"C1", "C2", "C3"}, Table2: {"C4"}, Table3: {"C1", "C5", "C6", "C7"}, Points: {"C1", "S2", "S4"}} {
		defended := points3(1, 2, 5)
		defended.defenders = paperDefenders
		points := map[Kind][]fakePoint{Table1: points1(), Table2: points2(), Table3: {defended}, Points: points2()}[kind]
		made, err := New(kind, sweep("mnist", []uint64{1, 2, 3}, points...), "mnist", Options{Result: result})
		require.NoError(t, err)
		var got []string
		for _, verdict := range made.Verdicts {
			got = append(got, verdict.Claim)
			require.NotEmpty(t, verdict.Reading)
		}
		require.Equal(t, want, got)
		if kind == Table2 {
			require.Equal(t, claims.Undecided, made.Verdicts[0].Outcome)
			require.Contains(t, made.Verdicts[0].Sentence, "at least 6 seeds are needed")
			require.Empty(t, made.Verdicts[0].Missing)
		}
	}
}

func TestResultsThatCannotBeRead(t *testing.T) {
	broken := errors.New("disk")
	_, err := New(Table2, sweep("mnist", []uint64{1}, points2()...), "mnist", Options{
		Result: func(string) (*store.Result, error) { return nil, broken },
	})
	require.ErrorIs(t, err, broken)
	_, err = New(Table2, sweep("mnist", []uint64{1}, points2()...), "cifar10", Options{})
	require.ErrorIs(t, err, ErrEmpty)
}
