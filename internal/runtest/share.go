package runtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

// sharers starts runners that share a store, each with one worker, and returns
// what each of them did.
func Sharers(t *testing.T, store *store.Store, sweep *plan.Sweep, n int, f enginetest.Fault) []*runner.Outcome {
	t.Helper()
	outcomes, errs := make([]*runner.Outcome, n), make([]error, n)
	hash, err := sweep.Hash()
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			r, _ := NewRunner(store, 1, f)
			r.Poll = 5 * time.Millisecond
			r.Shared = &runner.SharedRun{Plan: hash, Index: i, Of: n}
			outcomes[i], errs[i] = r.RunSweep(context.Background(), sweep)
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	return outcomes
}
