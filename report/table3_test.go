package report

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Points that the sweep file names have rows of their own in table 3: one for each defense.
func TestTable3ByReading(t *testing.T) {
	points := []fakePoint{
		{name: "as reported", keys: map[string]string{"trigger.sampling": "per_image"}, labels: "random", counts: []int{1, 2}, p: 0.2},
		{name: "plain", keys: map[string]string{"trigger.sampling": "per_agent"}, labels: "random", counts: []int{1, 2}, p: 0.2},
	}
	made, err := New(Table3, sweep("embedded", []uint64{1}, points...), "embedded", Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"reading", "defense"}, made.Heads)
	require.Len(t, made.Rows, 2*len(rows3))
	require.Equal(t, []string{"as reported", "no defense"}, made.Rows[0].Labels)
	require.Equal(t, []string{"plain", "no defense"}, made.Rows[len(rows3)].Labels)
	made, err = New(Table3, sweep("embedded", []uint64{1}, fakePoint{labels: "random", counts: []int{1, 2}, p: 0.2}), "embedded", Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"defense"}, made.Heads)
	require.Equal(t, []string{"no defense"}, made.Rows[0].Labels)
}
