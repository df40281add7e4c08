package report

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMarks(t *testing.T) {
	table := &Table{}
	require.Equal(t, "a", table.mark("one"))
	require.Equal(t, "b", table.mark("two"))
	require.Equal(t, "a", table.mark("one"), "one footnote for one text")
	require.Equal(t, []string{"z", "aa", "ab", "ba"}, []string{letters(25), letters(26), letters(27), letters(52)})

	row := Row{Cells: []Cell{{Marks: []string{"a", "b"}}, {Marks: []string{"b"}}}}
	row.hoist()
	require.Equal(t, Row{Marks: []string{"b"}, Cells: []Cell{{Marks: []string{"a"}}, {Marks: []string{}}}}, row)
}
