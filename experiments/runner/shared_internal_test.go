package runner

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// A cell that another runner of the host gave up between a runner's look and its claim is not tried
// again.
func TestFailureIsNoticedAfterTheClaim(t *testing.T) {
	sweep, st := enginetest.PlainSweep(t), enginetest.OpenStore(t)
	hash, err := sweep.Hash()
	require.NoError(t, err)
	q, err := newSharedQueue(diskStore{st}, longestFirst{sweep}, time.Millisecond, SharedRun{Plan: hash}, func(worker.Event) {})
	require.NoError(t, err)
	tries, err := q.candidates(nil)
	require.NoError(t, err)
	cell := tries[0]
	claim, err := q.claim(cell)
	require.NoError(t, err)
	given, err := q.givenUpSince(cell)
	require.NoError(t, err)
	require.False(t, given)
	require.NoError(t, st.NoteFailure(hash, store.Failure{Cell: cell.Hash, Error: "no luck"}, false))
	given, err = q.givenUpSince(cell)
	require.NoError(t, err)
	require.True(t, given)
	require.Equal(t, []store.Failure{{Cell: cell.Hash, Error: "no luck"}}, q.givenUp)
	require.NoError(t, claim.Release())
}

// A full disk ends a run at once with one sentence; no cell counts as failed.
func TestFullStoreEndsTheRun(t *testing.T) {
	p, st := enginetest.NewPlan(t), enginetest.OpenStore(t)
	for _, cause := range []error{&failedAttempt{cause: errors.New("write result: disk quota exceeded"), full: true}, syscall.ENOSPC} {
		r := &run{Runner: &Runner{Store: st}, outcome: &Outcome{}}
		workload, err := plan.NewFixed(p.Cells, datasets.Source{}, store.Artefacts{})
		require.NoError(t, err)
		r.queue, err = newAloneQueue(diskStore{st}, workload, time.Millisecond, r.report)
		require.NoError(t, err)
		cell, err := r.queue.next(context.Background(), nil, nil)
		require.NoError(t, err)
		require.ErrorIs(t, r.recordAttempt(cell, 1, newDeviceState(DeviceWorkers{Workers: 1}), nil, cause), ErrFull)
		require.Empty(t, r.outcome.Failed)
	}
	enginetest.RequireNoLeftovers(t, st)
}

func TestSpread(t *testing.T) {
	cells := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	require.Equal(t, []int{3, 4, 5, 6, 7, 8, 9, 0}, spread(cells, 3))
	require.Equal(t, []int{0}, spread(cells[:1], 0))
	require.Empty(t, spread(cells[:0], 0))
	require.Equal(t, 7, SharedRun{Index: 7, Of: 8}.place(100, 5, 0.5))
	require.Equal(t, 1, SharedRun{Index: 7, Of: 8}.place(3, 5, 0.5))
	require.Equal(t, 2, SharedRun{}.place(100, 4, 0.5), "among as many as there seem to be runners")
	require.Equal(t, 0, SharedRun{}.place(100, 0, 0.999), "alone: the longest first")
}

func TestLongCellsComeFirst(t *testing.T) {
	sweep := enginetest.PlainSweep(t)
	worklist, err := sweep.Worklist(plan.Known{})
	require.NoError(t, err)
	wide := worklist.Tasks[2]
	wide.Cell.Model.Width *= 2
	wide.Hash = "wide"
	worklist.Tasks[2] = wide
	sortLongestFirst(worklist)
	require.Equal(t, "wide", worklist.Tasks[0].Hash)
}
