package table

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// A table of many columns is split where the terminal ends, and each part has the labels of its rows.
func TestTextFitsTheTerminal(t *testing.T) {
	wide := &Table{Name: "wide", Title: "A table of many columns", Heads: []string{"game"}}
	for i := range 12 {
		wide.Columns = append(wide.Columns, Column{Group: "attacker", Head: strings.Repeat("x", 3+i)})
	}
	for _, label := range []string{"N = 1", "N = 100, all at p0 = 0.9"} {
		row := Row{Labels: []string{label}}
		for range wide.Columns {
			row.Entries = append(row.Entries, EntryOf(NewValue(QuantityASR, []Measured{{0.5, 100}, {0.75, 100}})))
		}
		wide.Rows = append(wide.Rows, row)
	}
	for _, width := range []int{60, 80} {
		text := wide.textFor(width)
		for line := range strings.Lines(text) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), width, "%s", line)
		}
		parts := len(wide.split(width))
		require.Greater(t, parts, 1)
		require.Equal(t, parts, strings.Count(text, "N = 100, all at p0 = 0.9"))
		require.Equal(t, 24, strings.Count(text, "62")+strings.Count(text, "63"))
	}
	require.Equal(t, wide.text(), wide.textFor(200), "a wide terminal changes nothing")
}
