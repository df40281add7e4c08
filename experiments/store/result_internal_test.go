package store

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// A row of the cross-trigger matrix is one line of the file. A result of an older version, which has a line for
// each number, is read too and keeps its digest.
func TestResultsWithALineForEachNumberAreRead(t *testing.T) {
	dir := t.TempDir()
	result := Result{Format: ResultFormat, Cell: "a", Cross: [][]game.Rate{{{Hits: 1, Of: 3}, {Hits: 2, Of: 3}}, {{}, {Hits: 1, Of: 7}}}}
	require.NoError(t, result.Write(dir))
	path := filepath.Join(dir, ResultFile)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), "\n    [{\"hits\":1,\"of\":3,\"rate\":0.3333333333333333},{\"hits\":2,\"of\":3,\"rate\":0.6666666666666666}],\n")
	read, err := ReadResult(disk.In(dir))
	require.NoError(t, err)
	require.Equal(t, result.Cross, read.Cross)

	require.NoError(t, jsonfile.Write(path, read))
	old, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Greater(t, len(old), len(text))
	back, err := ReadResult(disk.In(dir))
	require.NoError(t, err)
	require.Equal(t, read, back)
	require.NoError(t, os.WriteFile(path, bytes.Replace(old, []byte(`"hits": 2`), []byte(`"hits": 3`), 1), disk.FileMode))
	_, err = ReadResult(disk.In(dir))
	require.Error(t, err)
}
