package runner_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/runner"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// A worker that stops in its third epoch is killed, and another one resumes from the checkpoint, to
// the same bytes. The runner's clock runs only while the worker hangs, so that a slow machine is
// not taken for a hang.
func TestHungWorkerIsReplaced(t *testing.T) {
	plan, store := enginetest.NewPlan(t), enginetest.OpenStore(t)
	want := undisturbed(t, plan)
	struck := filepath.Join(t.TempDir(), "struck")
	r, seen := runtest.NewRunner(store, 1, enginetest.Fault{Kind: "slow", Epoch: 3, Once: struck})
	r.Patience = 5 * time.Millisecond
	clock := time.Unix(0, 0)
	r.SetNow(func() time.Time {
		if _, err := os.Stat(struck); err == nil && len(seen.Of(worker.KindEpoch)) == 2 && len(seen.Of(worker.KindRetry)) == 0 {
			clock = clock.Add(time.Second)
		}
		return clock
	})
	outcome, err := r.Run(t.Context(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
	require.Equal(t, want, enginetest.Deterministic(t, store, plan))
	retries := seen.Of(worker.KindRetry)
	require.Len(t, retries, 1)
	require.Contains(t, retries[0].Error, "after epoch 2 of")
	require.Contains(t, retries[0].Error, "hangs: no event for")
	enginetest.RequireNoLeftovers(t, store)
}
