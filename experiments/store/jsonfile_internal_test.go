package store

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/game"
)

// anyJSON draws a value with texts that need care.
func anyJSON(depth int) *rapid.Generator[any] {
	texts := rapid.StringOfN(rapid.RuneFrom([]rune("ab\\\"{}[],: \n±")), 0, 6, -1)
	leaves := rapid.OneOf(texts.AsAny(), rapid.Int().AsAny(), rapid.Float64Range(-1, 1).AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil))
	if depth == 0 {
		return leaves
	}
	return rapid.OneOf(leaves,
		rapid.SliceOfN(anyJSON(depth-1), 0, 3).AsAny(),
		rapid.MapOfN(texts, anyJSON(depth-1), 0, 3).AsAny())
}

// Laying out changes white space alone; with all levels it is what encoding/json
// indents.
func TestLayOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyJSON(4).Draw(t, "value")
		compact, err := CompactJSON(v)
		require.NoError(t, err)
		indented, err := EncodeJSON(v)
		require.NoError(t, err)
		require.Equal(t, string(indented), string(layOut(compact, 9)))
		text := layOut(compact, rapid.IntRange(0, 4).Draw(t, "levels"))
		var again bytes.Buffer
		require.NoError(t, json.Compact(&again, text))
		require.Equal(t, string(compact), again.String())
	})
	require.Equal(t, "{\n  \"a\": [\n    [{\"b\":1},[]]\n  ]\n}\n", string(layOut([]byte(`{"a":[[{"b":1},[]]]}`), 2)))
}

// A row of the cross-trigger matrix is one line of the file, and a result of an
// older version, which has a line for each number, is read as well and keeps its
// digest.
func TestResultsWithALineForEachNumberAreRead(t *testing.T) {
	dir := t.TempDir()
	result := Result{Format: ResultFormat, Cell: "a", Cross: [][]game.Rate{{{Hits: 1, Of: 3}, {Hits: 2, Of: 3}}, {{}, {Hits: 1, Of: 7}}}}
	require.NoError(t, WriteResult(dir, result))
	path := filepath.Join(dir, ResultFile)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), "\n    [{\"hits\":1,\"of\":3,\"rate\":0.3333333333333333},{\"hits\":2,\"of\":3,\"rate\":0.6666666666666666}],\n")
	read, err := ReadResult(dir)
	require.NoError(t, err)
	require.Equal(t, result.Cross, read.Cross)

	require.NoError(t, WriteJSON(path, read))
	old, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Greater(t, len(old), len(text))
	again, err := ReadResult(dir)
	require.NoError(t, err)
	require.Equal(t, read, again)
	require.NoError(t, os.WriteFile(path, bytes.Replace(old, []byte(`"hits": 2`), []byte(`"hits": 3`), 1), FileMode))
	_, err = ReadResult(dir)
	require.Error(t, err)
}
