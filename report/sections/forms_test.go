package sections_test

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"backfire/report/sections"
)

// A document is written in each format; what fails is named with the action and the format.
func TestWrite(t *testing.T) {
	type format string
	all := []sections.Section{{Title: "Found", Text: []string{"A sentence."}, Heads: []string{"N"}, Rows: [][]string{{"2"}}}}
	document := map[string]int{"n": 2}
	tables := map[format]func() ([]byte, error){
		"csv":  func() ([]byte, error) { return []byte("n\n2\n"), nil },
		"none": func() ([]byte, error) { return nil, iotest.ErrTimeout },
	}
	for f, want := range map[format]string{
		"txt": "Found\n=====\nA sentence.\n\nN\n2\n", "md": "# Found\n\nA sentence.\n\n| N |\n|---|\n| 2 |\n",
		"json": "{\n  \"n\": 2\n}\n", "csv": "n\n2\n",
	} {
		var out strings.Builder
		require.NoError(t, sections.Write(&out, "write it", f, all, document, tables))
		require.Equal(t, want, out.String(), f)
	}
	var out strings.Builder
	err := sections.Write(&out, "write it", "pdf", all, document, tables)
	require.ErrorIs(t, err, sections.ErrFormat)
	require.EqualError(t, err, "write it as pdf: no such format")
	require.ErrorIs(t, sections.Write(&out, "write it", "none", all, document, tables), iotest.ErrTimeout)
	err = sections.Write(fullDisk{}, "write it", "csv", all, document, tables)
	require.EqualError(t, err, "write it: full")
}

// fullDisk refuses every byte.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("full") }
