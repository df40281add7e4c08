package experiments

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOpenStoreRefusesAReadOnlyStore(t *testing.T) {
	const nobody = 65534
	store := openStore(t)
	hash := storeCell(t, store)
	for _, dir := range []string{".", locksDir, workDir, plansDir} {
		require.NoError(t, os.Chmod(filepath.Join(store.dir, dir), 0o555))
	}
	for dir := store.dir; strings.Contains(dir, t.Name()); dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o555), "nobody must be able to look in")
	}
	t.Cleanup(func() {
		for dir := store.dir; strings.Contains(dir, t.Name()); dir = filepath.Dir(dir) {
			require.NoError(t, os.Chmod(dir, dirMode))
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
		_, openErr = OpenStore(store.dir)
		_, readErr = store.Read(hash)
		done <- nil
	}()
	require.NoError(t, <-done)
	require.ErrorIs(t, openErr, ErrStore)
	require.ErrorIs(t, openErr, os.ErrPermission)
	require.NoError(t, readErr, "a read-only store can be read")
}
