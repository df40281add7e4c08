package report

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Rows of a table are told apart by what attackers raise.
func TestStrengthText(t *testing.T) {
	u := strength{0.2, 0.2, 0.2}
	for _, tc := range []struct {
		all   []strength
		usual strength
		want  string
	}{
		{[]strength{u}, u, "at 0.2"},
		{[]strength{u, u}, u, "all at 0.2"},
		{[]strength{{0.4, 0.4, 0.4}, u}, u, "attacker 0 at 0.4"},
		{[]strength{{0.4, 0.2, 0.2}, u}, u, "attacker 0 at p0 = 0.4"},
		{[]strength{{0.2, 0.4, 0.4}, u}, u, "attacker 0 at p1 = p2 = 0.4"},
		{[]strength{{0.9, 0.9, 0.9}, {0.9, 0.9, 0.9}}, u, "all at 0.9"},
		{[]strength{{0.9, 0.2, 0.2}, {0.9, 0.2, 0.2}}, u, "all at p0 = 0.9"},
		{[]strength{{0.2, 0.9, 0.9}, {0.2, 0.9, 0.9}}, u, "all at p1 = p2 = 0.9"},
		{[]strength{{0.4, 0.2, 0.3}, u}, u, "attacker 0 at p0 = 0.4, p1 = 0.2, p2 = 0.3"},
		{[]strength{{0.1, 1, 0.3}, {0.1, 1, 0.3}}, strength{0.1, 1, 0.3}, "all at 0.1"},
		{nil, u, ""},
	} {
		require.Equal(t, tc.want, strengthText(tc.all, tc.usual))
	}
}

// The strengths of a game that has no result follow from its point.
func TestStrengthsOfKeys(t *testing.T) {
	s := &series{n: 3, keys: map[string]string{
		"attackers.p": "0.2", "attackers.rates": "0.4,0.3", "attackers.p0": "", "attackers.p2": "0.5",
		"attackers.poison_rates": "0.9", "attackers.trigger_sizes": "0.7, 0.6,0.1,0.1",
	}}
	require.Equal(t, []strength{{0.9, 0.7, 0.7}, {0.3, 0.6, 0.6}, {0.2, 0.1, 0.1}}, s.strengths())
	s.keys["attackers.trigger_sizes"] = ""
	require.Equal(t, []strength{{0.9, 0.4, 0.5}, {0.3, 0.3, 0.5}, {0.2, 0.2, 0.5}}, s.strengths())
	require.Nil(t, (&series{n: 2}).strengths())
}

// Games in which only a size or a rate is raised are not the paper's.
func TestRowsOfThePaper(t *testing.T) {
	points := points1()
	s := sweep("mnist", []uint64{1}, append(points, points[1], points[2])...)
	s.Points[3].Games[0].Attackers[0].P1, s.Points[3].Games[0].Attackers[0].P2 = 0.2, 0.2
	for i := range s.Points[4].Games[0].Attackers {
		s.Points[4].Games[0].Attackers[i].PoisonRate = 0.2
	}
	made, err := New(Table1, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	last := made.Rows[len(made.Rows)-2:]
	require.Equal(t, []string{"N = 5, attacker 0 at p0 = 0.4"}, last[0].Labels)
	require.Equal(t, []string{"N = 5, all at p1 = p2 = 0.9"}, last[1].Labels)
	for _, row := range last {
		require.False(t, row.Entries[0].Values[0].Paper.Defined(), row.Labels)
	}
	require.True(t, made.Rows[len(made.Rows)-3].Entries[0].Values[0].Paper.Defined())
}
