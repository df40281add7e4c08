package store_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// sameJSON reports whether two texts differ in white space alone, which has no meaning in ResultFile: older
// versions laid it out in another way.
func sameJSON(a, b []byte) bool {
	var one, other bytes.Buffer
	return json.Compact(&one, a) == nil && json.Compact(&other, b) == nil && bytes.Equal(one.Bytes(), other.Bytes())
}

// FuzzRecord replaces the content of each file of a stored result. The result is broken then, unless the content
// is the same.
func FuzzRecord(f *testing.F) {
	st, err := store.Open(f.TempDir())
	require.NoError(f, err)
	hash := enginetest.StoreCell(f, st)
	files := map[string][]byte{}
	entries, err := os.ReadDir(st.Path(hash))
	require.NoError(f, err)
	for i, entry := range entries {
		content, err := os.ReadFile(filepath.Join(st.Path(hash), entry.Name()))
		require.NoError(f, err)
		files[entry.Name()] = content
		f.Add(uint8(i), content)
		f.Add(uint8(i), bytes.Replace(content, []byte(hash), bytes.Repeat([]byte("0"), len(hash)), 1))
		f.Add(uint8(i), bytes.Replace(content, []byte("\n"), []byte(" \n"), 1))
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		dir := filepath.Join(t.TempDir(), hash)
		require.NoError(t, os.Mkdir(dir, disk.DirMode))
		same := false
		for i, entry := range entries {
			content := files[entry.Name()]
			if int(which)%len(entries) == i {
				same = bytes.Equal(content, data) || entry.Name() == store.ResultFile && sameJSON(content, data)
				content = data
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, entry.Name()), content, disk.FileMode))
		}
		_, err := store.ReadRecord(dir, hash, store.Manifest.Check)
		if !same && entries[int(which)%len(entries)].Name() != store.ManifestFile {
			require.Error(t, err)
		}
	})
}
