package runtest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/enginetest"
)

// runSweep plays a sweep and returns its summary.
func RunSweep(t *testing.T, sweep *plan.Sweep, store *store.Store, workers int) (*summary.Summary, *runner.Outcome, *enginetest.Recorder) {
	t.Helper()
	runner, seen := NewRunner(store, workers, enginetest.Fault{})
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Empty(t, outcome.Failed)
	summary, err := summary.Summarize(sweep, store)
	require.NoError(t, err)
	return summary, outcome, seen
}
