package jsonfile_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/internal/jsonfile"
)

// anyJSON draws a value with texts that need care.
func anyJSON(depth int) *rapid.Generator[any] {
	texts := rapid.StringOfN(rapid.RuneFrom([]rune("ab\\\"{}[],: \n±<&>")), 0, 6, -1)
	leaves := rapid.OneOf(texts.AsAny(), rapid.Int().AsAny(), rapid.Float64Range(-1, 1).AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil))
	if depth == 0 {
		return leaves
	}
	return rapid.OneOf(leaves,
		rapid.SliceOfN(anyJSON(depth-1), 0, 3).AsAny(),
		rapid.MapOfN(texts, anyJSON(depth-1), 0, 3).AsAny())
}

// Laying out changes white space alone; with all levels it equals the indentation of encoding/json.
func TestLayOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyJSON(4).Draw(t, "value")
		compact, err := jsonfile.Compact(v)
		require.NoError(t, err)
		indented, err := jsonfile.Encode(v)
		require.NoError(t, err)
		require.Equal(t, string(indented), string(jsonfile.LayOut(compact, 9)))
		text := jsonfile.LayOut(compact, rapid.IntRange(0, 4).Draw(t, "levels"))
		var back bytes.Buffer
		require.NoError(t, json.Compact(&back, text))
		require.Equal(t, string(compact), back.String())
	})
	require.Equal(t, "{\n  \"a\": [\n    [{\"b\":1},[]]\n  ]\n}\n", string(jsonfile.LayOut([]byte(`{"a":[[{"b":1},[]]]}`), 2)))
}

func TestWrittenFilesAreRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.json")
	type value struct {
		Text string `json:"text"`
	}
	require.NoError(t, jsonfile.Write(path, value{"a <b> & c"}))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "{\n  \"text\": \"a <b> & c\"\n}\n", string(data))
	var read value
	require.NoError(t, jsonfile.Read(path, &read))
	require.Equal(t, value{"a <b> & c"}, read)
	require.ErrorContains(t, jsonfile.Write(path, math.NaN()), path)
}

func TestReadRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.json")
	var v struct{ A int }
	require.ErrorIs(t, jsonfile.Read(path, &v), fs.ErrNotExist)
	for name, text := range map[string]string{
		"cut off": `{"a": 1`, "empty": "", "unknown field": `{"b": 1}`, "another type": `{"a": "1"}`, "more behind it": `{"a": 1} {}`,
	} {
		require.ErrorContains(t, jsonfile.Parse(path, []byte(text), &v), path, name)
	}
}
