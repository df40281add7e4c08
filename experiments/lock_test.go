package experiments

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// Holders come and go, and the lock's file with them: there must never be two.
func TestLockHasOneHolderAtATime(t *testing.T) {
	locks := fileLocks{t.TempDir()}
	var holders, taken, twice atomic.Int32
	var all sync.WaitGroup
	failures := make(chan error, 1000)
	for range 8 {
		all.Go(func() {
			for range 200 {
				lock, err := locks.TryLock("cell")
				if errors.Is(err, ErrTaken) {
					continue
				}
				if err != nil {
					failures <- err
					return
				}
				taken.Add(1)
				if holders.Add(1) > 1 {
					twice.Add(1)
				}
				holders.Add(-1)
				if err := lock.Release(); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(failures)
	require.NoError(t, <-failures)
	require.Positive(t, taken.Load())
	require.Zero(t, twice.Load(), "of %d times", taken.Load())
	names, err := locks.Names()
	require.NoError(t, err)
	require.Empty(t, names)
}
