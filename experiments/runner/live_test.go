package runner_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// Garbage collection during a run, also of what unfinished runs need, removes nothing of it: neither
// what it lists now, nor what it listed before the run began.
func TestGarbageCollectionLeavesLiveRuns(t *testing.T) {
	sweep := enginetest.NewSweep(t, enginetest.TinyPoint(t, "verified", enginetest.WeakConfig(enginetest.WeakBound)))
	st := enginetest.OpenStore(t)
	r, _ := runtest.NewRunner(st, 1, enginetest.Fault{})
	r.CommandLine = "backfire run"

	// A first run stops in the middle, and everything that it left is listed.
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	trained := 0
	r.Observer = worker.ObserverFunc(func(e worker.Event) {
		if e.Kind == worker.KindDone {
			if trained++; trained == 3 {
				interrupt()
			}
		}
	})
	_, err := r.RunSweep(ctx, sweep)
	require.ErrorIs(t, err, runner.ErrInterrupted)
	before, err := st.Garbage(time.Now().Add(time.Hour), plan.References)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(before), 4, "three results and the note")
	for _, g := range before {
		require.False(t, g.Open.Live, g.Path)
	}

	tried := 0
	r.Observer = worker.ObserverFunc(func(worker.Event) {
		now, err := st.Garbage(time.Now().Add(time.Hour), plan.References)
		require.NoError(t, err)
		for _, g := range now {
			require.NotNil(t, g.Open, g.Path)
			require.True(t, g.Open.Live, g.Path)
		}
		for _, g := range append(now, before...) {
			require.ErrorIs(t, st.Remove(g), store.ErrTaken, g.Path)
			tried++
		}
	})
	outcome, err := r.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Empty(t, outcome.Missing)
	require.GreaterOrEqual(t, outcome.Stored, 3, "the first run's results were kept")
	require.Positive(t, tried)
	missing, err := runner.Missing(sweep, st)
	require.NoError(t, err)
	require.Empty(t, missing)

	// The run is over.
	after, err := st.Garbage(time.Now().Add(time.Hour), plan.References)
	require.NoError(t, err)
	for _, g := range after {
		require.NoError(t, st.Remove(g))
	}
	enginetest.RequireNoLeftovers(t, st)
}

// Several runs of one sweep may be live; the last that ends frees its files. A hold of a process that
// has died is none.
func TestRunIsLiveWhileOneOfItsProcessesIs(t *testing.T) {
	sweep, st := enginetest.PlainSweep(t), enginetest.OpenStore(t)
	hash, err := sweep.Hash()
	require.NoError(t, err)
	require.NoError(t, st.NoteRun(context.Background(), store.OpenRun{Sweep: hash, Cells: []store.OpenCell{{Cell: enginetest.StoreCell(t, st)}}}))
	live := func() bool {
		garbage, err := st.Garbage(time.Now(), plan.References)
		require.NoError(t, err)
		require.Len(t, garbage, 2)
		require.Equal(t, garbage[0].Open.Live, garbage[1].Open.Live)
		return garbage[0].Open.Live
	}
	require.False(t, live())
	first, err := st.HoldRun(hash)
	require.NoError(t, err)
	second, err := st.HoldRun(hash)
	require.NoError(t, err)
	held, err := st.Held()
	require.NoError(t, err)
	require.Empty(t, held, "a hold is no cell in training")
	require.True(t, live())
	require.NoError(t, first())
	require.True(t, live())
	require.NoError(t, st.Tidy())
	require.True(t, live())
	require.NoError(t, second())
	require.NoError(t, second())
	require.False(t, live())
}
