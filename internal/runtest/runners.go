package runtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/enginetest"
)

// NewRunner returns a runner on the CPU whose workers have a fault, and the recorder of its events.
func NewRunner(st *store.Store, workers int, f enginetest.Fault) (*runner.Runner, *enginetest.Recorder) {
	seen := &enginetest.Recorder{}
	return &runner.Runner{
		Store: st, Command: enginetest.Command(f), Workers: workers, Threads: 1, Device: "cpu",
		Observer: seen, Poll: 5 * time.Millisecond,
	}, seen
}

// RunSweep trains a sweep without a fault and returns its summary, the outcome and the events. No
// cell must fail.
func RunSweep(t testing.TB, sweep *plan.Sweep, st *store.Store, workers int) (*summary.Summary, *runner.Outcome, *enginetest.Recorder) {
	t.Helper()
	runner, seen := NewRunner(st, workers, enginetest.Fault{})
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Empty(t, outcome.Failed)
	summary, err := summary.Summarize(sweep, st)
	require.NoError(t, err)
	return summary, outcome, seen
}

// Sharers runs so many runners, each with one worker, that share a store, and returns the outcome
// of each.
func Sharers(t *testing.T, st *store.Store, sweep *plan.Sweep, n int, f enginetest.Fault) []*runner.Outcome {
	t.Helper()
	outcomes, errs := make([]*runner.Outcome, n), make([]error, n)
	hash, err := sweep.Hash()
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			r, _ := NewRunner(st, 1, f)
			r.Shared = &runner.SharedRun{Plan: hash, Index: i, Of: n}
			outcomes[i], errs[i] = r.RunSweep(context.Background(), sweep)
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	return outcomes
}

// NewEstimator returns an estimator for the CPU whose workers have the fake engine.
func NewEstimator(st *store.Store, workers int) estimate.Estimator {
	return estimate.Estimator{
		Engine: store.EngineInfo{Name: "fake", GPUs: []string{}}, Store: st, Command: enginetest.Command(enginetest.Fault{}),
		Device: "cpu", Workers: workers, Threads: 1,
	}
}
