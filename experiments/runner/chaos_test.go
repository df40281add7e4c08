package runner_test

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
	"backfire/internal/streams"
)

// TestManyKills kills the worker, the parent, or both, after random events of short runs, and
// repeats the runs: each result is stored once, as if no process had been killed.
func TestManyKills(t *testing.T) {
	const kills = 50
	plan := enginetest.NewPlan(t)
	want := undisturbed(t, plan)
	rng := streams.New(1, "test kills")
	stores := 0
	for done := 0; done < kills; stores++ {
		store := enginetest.OpenStore(t)
		for finished := false; !finished && done < kills; {
			var killed int
			killed, finished = runUntilKilled(t, store, rng)
			done += killed
		}
		runner, seen := runtest.NewRunner(store, 1, enginetest.Fault{})
		outcome, err := runner.Run(t.Context(), plan.Cells)
		require.NoError(t, err)
		require.Equal(t, 5, outcome.Stored+outcome.Trained, "each cell once")
		require.Empty(t, outcome.Failed)
		require.Empty(t, seen.Of(worker.KindBroken))
		require.Empty(t, seen.Of(worker.KindDiscarded), "no checkpoint is half written")
		require.Equal(t, want, enginetest.Deterministic(t, store, plan))
		enginetest.RequireNoLeftovers(t, store)
	}
	t.Logf("%d kills in %d stores", kills, stores)
}

// runUntilKilled starts a run in a process of its own and kills processes of it after a random
// number of its events. It returns the number of kills, and whether the run came to its end.
func runUntilKilled(t *testing.T, store *store.Store, rng *rand.Rand) (kills int, finished bool) {
	t.Helper()
	const most = 12 // events before the kill; an undisturbed run has some 40
	command, next := parent(t, store, enginetest.Fault{})
	after := rng.IntN(most)
	victim := rng.IntN(3)
	for range after {
		if _, ok := next(); !ok {
			require.NoError(t, command.Wait())
			return 0, true
		}
	}
	time.Sleep(time.Duration(rng.IntN(20)) * time.Millisecond) // not only where events are reported
	workers := childrenOf(t, command.Process.Pid)
	if victim != 0 { // the parent lives and must continue with another worker
		for _, pid := range workers {
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				kills++
			}
		}
	}
	if victim != 1 {
		require.NoError(t, command.Process.Kill())
		kills++
	}
	for _, ok := next(); ok; _, ok = next() {
		continue
	}
	err := command.Wait()
	requireGone(t, workers)
	return kills, err == nil
}
