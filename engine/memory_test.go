package engine

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
)

// limitMemory limits the memory that this process can take in addition to what it has, in bytes; an
// empty text sets no limit.
func limitMemory(room string) error {
	if room == "" {
		return nil
	}
	var bytes, pages uint64
	if _, err := fmt.Sscan(room, &bytes); err != nil {
		return err
	}
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	if _, err := fmt.Sscan(string(text), &pages); err != nil {
		return err
	}
	bytes += pages * uint64(os.Getpagesize())
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: bytes, Max: bytes})
}

// A model that does not fit into memory fails with an error about memory and costs no other model.
func TestOutOfMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/statm"); err != nil {
		t.Skip("the memory of a process is read from /proc")
	}
	if underRace {
		t.Skip("the race detector takes more memory than the worker is left")
	}
	plan := tinyPlan(t)
	cells := plan.Cells[:3]
	for i := range cells {
		cells[i].Model.Width = 4
	}
	fat := 1
	cells[fat].Model.Width = 256 // 180 million parameters: several times 700 MB
	hash, err := cells[fat].Hash()
	require.NoError(t, err)
	store, err := store.Open(t.TempDir())
	require.NoError(t, err)
	runner := &runner.Runner{
		Store: store, Workers: 1, Threads: 1, Device: "cpu", Command: testEngine(roomLeft + "=1000000000"),
		Observer: worker.ObserverFunc(func(e worker.Event) {
			if e.Kind == worker.KindRetry || e.Kind == worker.KindFailed {
				t.Log(e.Error)
			}
		}),
	}
	outcome, err := runner.Run(context.Background(), cells)
	require.NoError(t, err)
	require.Equal(t, 2, outcome.Trained)
	require.Len(t, outcome.Failed, 1)
	require.Equal(t, hash, outcome.Failed[0].Cell)
	require.Contains(t, outcome.Failed[0].Error, "memory")
}
