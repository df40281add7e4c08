package runner

import (
	"cmp"
	"slices"

	"backfire/experiments/worker"
	"backfire/internal/hardware"
)

// prepared is the place where the images of a waiting cell are prepared.
type prepared struct {
	process *Process
	place   int // see worker.Prepare
}

// isPrepared reports whether a running process prepares the cell or has prepared it.
func (t *attempt) isPrepared() bool { return t.prepared != nil && !isClosed(t.prepared.process.Ended) }

// isPreparedIn reports whether such a process takes requests of the group.
func (t *attempt) isPreparedIn(group *workerGroup) bool {
	return t.isPrepared() && group.has(t.prepared.process)
}

// preferred returns waiting cells in the order in which a member of the group tries them: those that
// its process has prepared, those that are prepared nowhere, and at last the others. No cell is kept
// for a process: where no other one is left, any worker trains a cell that another process prepared.
func preferred(waiting []*attempt, group *workerGroup) []*attempt {
	if !slices.ContainsFunc(waiting, (*attempt).isPrepared) {
		return waiting
	}
	class := func(t *attempt) int {
		switch {
		case t.isPreparedIn(group):
			return 0
		case t.isPrepared():
			return 2
		}
		return 1
	}
	order := slices.Clone(waiting)
	slices.SortStableFunc(order, func(a, b *attempt) int { return cmp.Compare(class(a), class(b)) })
	return order
}

// prepareIn is queue.prepare, with a function that returns the position to take of so many cells,
// which come in their order.
func (q *cellQueue) prepareIn(process *Process, places int, kind processKind, choose func(free int) int) (worker.Prepare, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := map[int]bool{}
	var free []*attempt
	for _, t := range q.waiting {
		switch {
		case t.isPrepared():
			if t.prepared.process == process {
				taken[t.prepared.place] = true
			}
		case t.pause == 0 && kindOf(t.Cell) == kind && !q.comes(t.After):
			free = append(free, t)
		}
	}
	place := 1
	for taken[place] {
		place++
	}
	if place > places || len(free) == 0 {
		return worker.Prepare{}, false
	}
	t := free[choose(len(free))]
	t.prepared = &prepared{process, place}
	return worker.Prepare{Cell: t.Cell, Source: t.Source, Place: place}, true
}

// prepareNext has the process of a training prepare another cell meanwhile, on a GPU, which would
// wait for it later. On a CPU the trainings keep the cores busy, which preparing would only take.
func (r *run) prepareNext(a *Assignment, device *deviceState, group *workerGroup, t *attempt) {
	if device.Device == hardware.CPU.String() {
		return
	}
	if request, ok := r.queue.prepare(a.process, group.size, kindOf(t.Cell)); ok {
		a.process.tell(a.worker, request)
	}
}
