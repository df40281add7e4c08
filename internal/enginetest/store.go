package enginetest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// openStore opens a new store in a directory with an awkward name.
func OpenStore(t *testing.T) *store.Store {
	t.Helper()
	store, err := store.Open(filepath.Join(t.TempDir(), "läufe und mehr"))
	require.NoError(t, err)
	return store
}

// storeCell commits a complete made-up result for the example cell.
func StoreCell(t testing.TB, st *store.Store) string {
	t.Helper()
	hash, err := ExampleCell().Hash()
	require.NoError(t, err)
	claim, err := st.Claim(hash)
	require.NoError(t, err)
	dir, err := claim.Dir()
	require.NoError(t, err)
	require.NoError(t, store.ResultFiles{
		Cell: ExampleCell(), Predicted: []uint8{0, 1},
	}.Write(dir))
	require.NoError(t, claim.Commit(store.Result{
		Format: store.ResultFormat, Cell: hash, FinalLoss: 0.5,
		Provenance: store.Provenance{Timing: store.Timing{TotalSeconds: 2}, Single: []store.Single{{ID: 3, Cell: strings.Repeat("a", 64)}}},
	}))
	require.NoError(t, claim.Release())
	return hash
}

// requireNoLeftovers checks that nobody's work or lock is left in a store, but
// for the checkpoints of the given cells.
func RequireNoLeftovers(t *testing.T, st *store.Store, cells ...string) {
	t.Helper()
	var left, expected []string
	for _, sub := range []string{".work", ".locks"} {
		dir := filepath.Join(st.Dir(), sub)
		require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if path != dir {
				left = append(left, path)
			}
			return err
		}))
	}
	for _, cell := range cells {
		base := filepath.Join(st.Dir(), ".work", cell)
		expected = append(expected, base, filepath.Join(base, store.CheckpointFile))
	}
	require.ElementsMatch(t, expected, left)
}

// flipBit changes one bit in the middle of a file.
func FlipBit(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	return os.WriteFile(path, data, disk.FileMode)
}

// takeOver does to the lease of a cell what a host does that believes its holder
// dead.
func TakeOver(t *testing.T, st *store.Store, hash string) {
	t.Helper()
	dir := filepath.Join(st.Dir(), ".locks", hash)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.NoError(t, os.Rename(filepath.Join(dir, entries[0].Name()), filepath.Join(dir, "other~1~1~elsewhere~token~0")))
}

// WriteManifest writes the manifest of the files in dir anew, as the result of the cell called hash.
func WriteManifest(dir, hash string) error {
	result, err := store.ReadResult(dir)
	if err != nil {
		return err
	}
	names, err := disk.Files(dir)
	if err != nil {
		return err
	}
	m := store.Manifest{Cell: hash, Files: map[string]string{store.ResultFile: result.Digest}}
	for _, name := range names {
		if name == store.ResultFile {
			continue
		}
		if m.Files[name], err = disk.SHA256(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return jsonfile.Write(filepath.Join(dir, store.ManifestFile), m)
}
