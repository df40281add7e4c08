package table

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMarks(t *testing.T) {
	table := &Table{}
	require.Equal(t, "a", table.Mark("one"))
	require.Equal(t, "b", table.Mark("two"))
	require.Equal(t, "a", table.Mark("one"), "one footnote for one text")
	require.Equal(t, []string{"z", "aa", "ab", "ba"}, []string{letters(25), letters(26), letters(27), letters(52)})

	row := Row{Entries: []Entry{{Marks: []string{"a", "b"}}, {Marks: []string{"b"}}}}
	row.HoistMarks()
	require.Equal(t, Row{Marks: []string{"b"}, Entries: []Entry{{Marks: []string{"a"}}, {Marks: []string{}}}}, row)
}
