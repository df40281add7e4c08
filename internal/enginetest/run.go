package enginetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/jsonfile"
)

// ofCell is what in a stored file depends on the cell alone: all of it, but for
// the run that a result tells of.
func OfCell(t *testing.T, path string) string {
	t.Helper()
	if filepath.Base(path) != store.ResultFile {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(data)
	}
	result, err := store.ReadResult(filepath.Dir(path))
	require.NoError(t, err)
	result.Provenance = store.Provenance{}
	data, err := jsonfile.Encode(result)
	require.NoError(t, err)
	return string(data)
}
