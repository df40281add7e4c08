package experiments

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// FuzzParseCell reads cells of any content: what is accepted has a name and
// keeps it when it is written and read again.
func FuzzParseCell(f *testing.F) {
	text, err := yaml.Marshal(exampleCell())
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte("format: 1\ngame: {seed: 18446744073709551615, attackers: [{id: 3, draw: 2}]}\n"))
	f.Add([]byte("training: {lr: .inf}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		cell, err := ParseCell(data)
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
func reparsed(t *testing.T, cell Cell) Cell {
	t.Helper()
	text, err := yaml.Marshal(cell)
	require.NoError(t, err)
	parsed, err := ParseCell(text)
	require.NoError(t, err)
	return parsed
}

// FuzzCheckpoint reads checkpoints of any content: only one that was written
// whole, for the same cell and maker, is taken.
func FuzzCheckpoint(f *testing.F) {
	own := exampleCheckpoint()
	path := filepath.Join(f.TempDir(), checkpointFile)
	require.NoError(f, writeCheckpoint(path, f.TempDir(), own))
	whole, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte{8, 0, 0, 0, 0, 0, 0, 0x80})
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), checkpointFile)
		require.NoError(t, os.WriteFile(path, data, fileMode))
		c, err := readCheckpoint(path, own.cell, own.maker)
		if err != nil {
			require.ErrorIs(t, err, errCheckpoint)
			return
		}
		require.True(t, bytes.Equal(whole, data), "a SHA-256 was forged: %v", c)
	})
}

// sameJSON says whether two texts differ in white space alone, which means nothing
// in ResultFile: older versions laid it out otherwise.
func sameJSON(a, b []byte) bool {
	var one, other bytes.Buffer
	return json.Compact(&one, a) == nil && json.Compact(&other, b) == nil && bytes.Equal(one.Bytes(), other.Bytes())
}

// FuzzRecord puts any content in place of each file of a stored result: it is
// either what was there before, or the result is broken.
func FuzzRecord(f *testing.F) {
	store, err := OpenStore(f.TempDir())
	require.NoError(f, err)
	hash := storeCell(f, store)
	files := map[string][]byte{}
	entries, err := os.ReadDir(store.Path(hash))
	require.NoError(f, err)
	for i, entry := range entries {
		content, err := os.ReadFile(filepath.Join(store.Path(hash), entry.Name()))
		require.NoError(f, err)
		files[entry.Name()] = content
		f.Add(uint8(i), content)
		f.Add(uint8(i), bytes.Replace(content, []byte(hash), bytes.Repeat([]byte("0"), len(hash)), 1))
		f.Add(uint8(i), bytes.Replace(content, []byte("\n"), []byte(" \n"), 1))
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		dir := filepath.Join(t.TempDir(), hash)
		require.NoError(t, os.Mkdir(dir, dirMode))
		same := false
		for i, entry := range entries {
			content := files[entry.Name()]
			if int(which)%len(entries) == i {
				same = bytes.Equal(content, data) || entry.Name() == ResultFile && sameJSON(content, data)
				content = data
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, entry.Name()), content, fileMode))
		}
		_, err := readRecord(dir, hash, checkSums)
		if !same && entries[int(which)%len(entries)].Name() != ManifestFile {
			require.Error(t, err)
		}
	})
}
