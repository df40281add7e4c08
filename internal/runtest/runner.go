package runtest

import (
	"time"

	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

// newRunner is a runner whose workers have a fault.
func NewRunner(store *store.Store, workers int, f enginetest.Fault) (*runner.Runner, *enginetest.Recorder) {
	seen := &enginetest.Recorder{}
	return &runner.Runner{
		Store: store, Command: enginetest.Command(f), Workers: workers, Threads: 1, Device: "cpu",
		Observer: seen, Poll: 5 * time.Millisecond,
	}, seen
}
