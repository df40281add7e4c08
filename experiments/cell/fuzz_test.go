package cell_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"backfire/experiments/cell"
	"backfire/internal/enginetest"
)

// FuzzParseCell reads cells of any content: what is accepted has a name and
// keeps it when it is written and read again.
func FuzzParseCell(f *testing.F) {
	text, err := yaml.Marshal(enginetest.ExampleCell())
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte("format: 1\ngame: {seed: 18446744073709551615, attackers: [{id: 3, draw: 2}]}\n"))
	f.Add([]byte("training: {lr: .inf}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		cell, err := cell.Parse(data)
		if err != nil {
			return
		}
		// Absent and empty lists are told apart by names, but not by YAML.
		cell = reparsed(t, cell)
		hash, err := cell.Hash()
		if err != nil { // Not a number, or infinite.
			return
		}
		same, err := reparsed(t, cell).Hash()
		require.NoError(t, err)
		require.Equal(t, hash, same)
	})
}

// reparsed writes and reads a cell.
func reparsed(t *testing.T, c cell.Cell) cell.Cell {
	t.Helper()
	text, err := yaml.Marshal(c)
	require.NoError(t, err)
	parsed, err := cell.Parse(text)
	require.NoError(t, err)
	return parsed
}
