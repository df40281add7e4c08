package store_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

func TestOpenStoreRefusesAReadOnlyStore(t *testing.T) {
	const nobody = 65534
	st := enginetest.OpenStore(t)
	hash := enginetest.StoreCell(t, st)
	for _, dir := range []string{".", store.LocksDir, store.WorkDir, store.PlansDir} {
		require.NoError(t, os.Chmod(filepath.Join(st.Dir(), dir), 0o555))
	}
	for dir := st.Dir(); strings.Contains(dir, t.Name()); dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o555), "nobody must be able to look in")
	}
	t.Cleanup(func() {
		for dir := st.Dir(); strings.Contains(dir, t.Name()); dir = filepath.Dir(dir) {
			require.NoError(t, os.Chmod(dir, store.DirMode))
		}
	})
	var openErr, readErr error
	done := make(chan error)
	go func() {
		// Root may write anywhere; a thread of nobody may not. The thread ends
		// with this goroutine, as it is never unlocked.
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(nobody); err != nil {
				done <- err
				return
			}
		}
		_, openErr = store.Open(st.Dir())
		_, readErr = st.Read(hash)
		done <- nil
	}()
	require.NoError(t, <-done)
	require.ErrorIs(t, openErr, store.ErrStore)
	require.ErrorIs(t, openErr, os.ErrPermission)
	require.NoError(t, readErr, "a read-only store can be read")
}
