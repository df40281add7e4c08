package store_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

func TestEveryColumnIsDocumented(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, store.ResultFiles{Cell: cell.Cell{Attribution: &cell.Attribution{}}}.Write(dir))
	require.NoError(t, removed.Write(disk.In(dir), cell.Cell{}, nil, nil))
	for _, name := range []string{store.MetricsFile, store.PoisonFile, store.QueriesFile, removed.File} {
		require.Equal(t, enginetest.ReadCSV(t, filepath.Join(dir, name))[0], enginetest.Documented(t, name), name)
	}
}
