package experiments

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A file system that is full ends a run, loses nothing,
// and once there is room the same run goes on to the same bytes.
func TestDiskFull(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "small")
	require.NoError(t, os.Mkdir(dir, dirMode))
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("needs the right to mount a small file system: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	plan := newTinyPlan(t)
	want := undisturbed(t, plan)
	store, err := OpenStore(filepath.Join(dir, "runs"))
	require.NoError(t, err)

	runner, seen := newRunner(store, 1, fault{})
	_, err = runner.Run(context.Background(), plan.Cells)
	require.ErrorIs(t, err, ErrFull, "64 KiB were enough")
	require.Empty(t, seen.of(KindBroken))
	stored := 0
	for _, hash := range hashes(t, plan) {
		if _, err := store.Read(hash); err == nil {
			stored++
		} else {
			require.ErrorIs(t, err, ErrNotStored)
		}
	}
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=4m"))
	outcome, err := runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &Outcome{Cells: 5, Stored: stored, Trained: 5 - stored}, outcome)
	require.Equal(t, want, deterministic(t, store, plan))
	requireNoLeftovers(t, store)
	requireOnlyWholeResults(t, store)
}

// requireOnlyWholeResults checks that nothing lies in a store's directory but
// results and the store's own directories.
func requireOnlyWholeResults(t *testing.T, store *Store) {
	t.Helper()
	entries, err := os.ReadDir(store.dir)
	require.NoError(t, err)
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, ".") && name != plansDir && name != asideDir {
			_, err := store.Read(name)
			require.NoError(t, err)
		}
	}
}
