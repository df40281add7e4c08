package runner

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/hardware"
)

// newTestQueue returns a queue of the five cells of the small plan, alone or shared, in a new store.
func newTestQueue(t *testing.T, st *store.Store, shared bool) queue {
	t.Helper()
	p := enginetest.NewPlan(t)
	workload, err := plan.NewFixed(p.Cells, datasets.Source{}, store.Artefacts{})
	require.NoError(t, err)
	var q queue
	if shared {
		q, err = newSharedQueue(diskStore{st}, workload, time.Millisecond, SharedRun{Plan: "plan", Of: 1}, func(worker.Event) {})
	} else {
		q, err = newAloneQueue(diskStore{st}, workload, time.Millisecond, func(worker.Event) {})
	}
	require.NoError(t, err)
	return q
}

// groupOf returns a group with a running process.
func groupOf() (*workerGroup, *Process) {
	p := &Process{Ended: make(chan struct{})}
	g := newWorkerGroup(2, nil)
	g.processes[false] = p
	return g, p
}

// A process prepares as many cells as it has places, each cell is prepared in one process, and each
// process gets its own cells first. No cell is kept for a process: the other one trains it where
// nothing else is left. A cell that is prepared can be claimed by another run.
func TestPreparedCellsAreKeptForNoProcess(t *testing.T) {
	for _, shared := range []bool{false, true} {
		st := enginetest.OpenStore(t)
		q := newTestQueue(t, st, shared)
		one, first := groupOf()
		two, second := groupOf()
		prepared := map[string]*Process{}
		for _, p := range []*Process{first, second} {
			for place := 1; place <= 2; place++ {
				request, ok := q.prepare(p, one.size, false)
				require.True(t, ok)
				require.Equal(t, place, request.Place)
				hash, err := request.Cell.Hash()
				require.NoError(t, err)
				require.NotContains(t, prepared, hash)
				prepared[hash] = p
			}
			_, ok := q.prepare(p, one.size, false)
			require.False(t, ok, "its places are taken")
		}
		_, ok := q.prepare(first, one.size, kindOf(tf32(t)))
		require.False(t, ok, "no cell is of this kind")
		next := func(g *workerGroup) string {
			a, err := q.next(context.Background(), nil, g)
			require.NoError(t, err)
			return a.Hash
		}
		hash := next(two)
		require.Same(t, second, prepared[hash])
		request, ok := q.prepare(second, two.size, false)
		require.True(t, ok, "a place is free again")
		fifth, err := request.Cell.Hash()
		require.NoError(t, err)
		prepared[fifth] = second
		for hash, p := range prepared { // another run claims one of the cells of the first process
			if p == first {
				claim, err := st.Claim(hash)
				require.NoError(t, err)
				defer func() { require.NoError(t, claim.Release()) }()
				delete(prepared, hash)
				break
			}
		}
		require.Same(t, second, prepared[next(two)])
		require.Same(t, second, prepared[next(two)])
		require.Same(t, first, prepared[next(two)], "the last cell, which the first process has prepared")
	}
}

// What a process that has ended has prepared is prepared anew.
func TestPreparedCellsOfADeadProcess(t *testing.T) {
	q := newTestQueue(t, enginetest.OpenStore(t), false)
	group, dead := groupOf()
	request, ok := q.prepare(dead, group.size, false)
	require.True(t, ok)
	close(dead.Ended)
	_, alive := groupOf()
	again, ok := q.prepare(alive, group.size, false)
	require.True(t, ok)
	require.Equal(t, request.Cell, again.Cell)
}

// tf32 returns a cell that needs a process of the other kind.
func tf32(t *testing.T) cell.Cell {
	t.Helper()
	c := enginetest.NewPlan(t).Cells[0]
	c.Training.Precision = hardware.TF32
	return c
}
