package runner

import (
	"context"
	"errors"
	"slices"
	"time"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
)

// aloneQueue is the queue of a runner that has the store to itself, except for a few others on its
// host. A cell that another process trains is passed over and examined again later, less and less
// often: it may turn up as a stored result, or its process may die.
type aloneQueue struct {
	*cellQueue
}

var _ queue = aloneQueue{}

// newAloneQueue queues the cells that a workload asks for and the store lacks.
func newAloneQueue(st claimStore, workload plan.Workload, poll time.Duration, report func(worker.Event)) (aloneQueue, error) {
	q, err := newCellQueue(st, workload, plan.NewCachedReader(st), poll, report)
	return aloneQueue{q}, err
}

// noteFailure does nothing: no other runner waits for this one's cells.
func (q aloneQueue) noteFailure(store.Failure, bool) error { return nil }

// left returns 0: the runner works until nothing is left.
func (q aloneQueue) left() (int, error) { return 0, nil }

func (q aloneQueue) next(ctx context.Context, leave <-chan struct{}, group *workerGroup) (*attempt, error) {
	return nextOf(ctx, leave, func() (turn, error) { return q.take(group) })
}

func (q aloneQueue) prepare(process *Process, places int, kind processKind) (worker.Prepare, bool) {
	return q.prepareIn(process, places, kind, func(int) int { return 0 })
}

// take looks once through the waiting cells, in order.
func (q aloneQueue) take(group *workerGroup) (turn, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	wait := q.poll * maxPauses
	order := preferred(q.waiting, group)
	for i := 0; i < len(order); {
		t := order[i]
		if q.comes(t.After) {
			i++
			continue
		}
		if rest := t.pause - time.Since(t.lookedAt); rest > 0 {
			wait = min(wait, rest)
			i++
			continue
		}
		claim, err := q.claim(t)
		switch {
		case errors.Is(err, store.ErrTaken):
			q.postpone(t)
			wait = min(wait, t.pause)
			i++
			continue
		case err != nil:
			return turn{}, err
		}
		q.waiting = slices.DeleteFunc(q.waiting, func(other *attempt) bool { return other == t })
		if claim != nil {
			return q.begin(t, claim), nil
		}
		if err := q.found(t); err != nil {
			return turn{}, err
		}
		order, i = preferred(q.waiting, group), 0 // the result may have added others
	}
	if q.isEmpty() {
		return turn{}, nil
	}
	return turn{wait: wait, changed: q.changed}, nil
}

// postpone lengthens the pause before a cell that another process holds is examined again.
func (q aloneQueue) postpone(t *attempt) {
	if t.pause == 0 {
		q.report(worker.Event{Kind: worker.KindWaiting, Cell: t.Hash, Title: t.Title})
		t.pause = q.poll
	} else {
		t.pause = min(2*t.pause, maxPauses*q.poll)
	}
	t.lookedAt = time.Now()
}
