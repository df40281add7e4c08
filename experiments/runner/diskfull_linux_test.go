package runner_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// A full file system ends a run without losing a result. Once there is room, the same run resumes
// to the same bytes.
func TestDiskFull(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "small")
	require.NoError(t, os.Mkdir(dir, store.DirMode))
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("needs the right to mount a small file system: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	plan := enginetest.NewPlan(t)
	want := undisturbed(t, plan)
	st, err := store.Open(filepath.Join(dir, "runs"))
	require.NoError(t, err)

	r, seen := runtest.NewRunner(st, 1, enginetest.Fault{})
	_, err = r.Run(context.Background(), plan.Cells)
	require.ErrorIs(t, err, runner.ErrFull, "64 KiB were enough")
	require.Empty(t, seen.Of(worker.KindBroken))
	stored := 0
	for _, hash := range enginetest.Hashes(t, plan) {
		if _, err := st.Read(hash); err == nil {
			stored++
		} else {
			require.ErrorIs(t, err, store.ErrNotStored)
		}
	}
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=4m"))
	outcome, err := r.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Stored: stored, Trained: 5 - stored}, outcome)
	require.Equal(t, want, enginetest.Deterministic(t, st, plan))
	enginetest.RequireNoLeftovers(t, st)
	requireOnlyWholeResults(t, st)
}

// requireOnlyWholeResults checks that a store's directory contains only complete results and the
// store's own directories.
func requireOnlyWholeResults(t *testing.T, st *store.Store) {
	t.Helper()
	entries, err := os.ReadDir(st.Dir())
	require.NoError(t, err)
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, ".") && name != store.PlansDir && name != "aside" {
			_, err := st.Read(name)
			require.NoError(t, err)
		}
	}
}
