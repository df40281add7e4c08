package worker

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/disk"
)

// FuzzCheckpoint reads checkpoints of any content: only one that was written whole, for the same
// cell and machine, is used.
func FuzzCheckpoint(f *testing.F) {
	own := exampleCheckpoint()
	path := filepath.Join(f.TempDir(), store.CheckpointFile)
	require.NoError(f, writeCheckpoint(sourceAt(path, ""), f.TempDir(), own, func() {}))
	whole, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte{8, 0, 0, 0, 0, 0, 0, 0x80})
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), store.CheckpointFile)
		require.NoError(t, os.WriteFile(path, data, disk.FileMode))
		c, err := readCheckpoint(sourceAt(path, own.cell), own.machine)
		if err != nil {
			require.ErrorIs(t, err, errCheckpoint)
			return
		}
		require.True(t, bytes.Equal(whole, data), "a SHA-256 was forged: %v", c)
	})
}
