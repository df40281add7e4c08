package store_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

// sameJSON says whether two texts differ in white space alone, which means nothing
// in ResultFile: older versions laid it out otherwise.
func sameJSON(a, b []byte) bool {
	var one, other bytes.Buffer
	return json.Compact(&one, a) == nil && json.Compact(&other, b) == nil && bytes.Equal(one.Bytes(), other.Bytes())
}

// FuzzRecord puts any content in place of each file of a stored result: it is
// either what was there before, or the result is broken.
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
		require.NoError(t, os.Mkdir(dir, store.DirMode))
		same := false
		for i, entry := range entries {
			content := files[entry.Name()]
			if int(which)%len(entries) == i {
				same = bytes.Equal(content, data) || entry.Name() == store.ResultFile && sameJSON(content, data)
				content = data
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, entry.Name()), content, store.FileMode))
		}
		_, err := store.ReadRecord(dir, hash, store.CheckSums)
		if !same && entries[int(which)%len(entries)].Name() != store.ManifestFile {
			require.Error(t, err)
		}
	})
}
