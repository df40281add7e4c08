package store_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

func TestEveryColumnIsDocumented(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, store.WriteFiles(dir, store.ResultFiles{Cell: cell.Cell{Attribution: &cell.Attribution{}}}))
	for _, name := range []string{store.MetricsFile, store.PoisonFile, store.QueriesFile} {
		require.Equal(t, enginetest.ReadCSV(t, filepath.Join(dir, name))[0], enginetest.Documented(t, name), name)
	}
}
