package experiments

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// attempts is how often a cell is tried in one run.
const attempts = 2

// task is one cell on its way through a run.
type task struct {
	cell     Cell
	hash     string
	tried    int
	pause    time.Duration // before the next look at a cell that somebody else has
	lookedAt time.Time
	claim    *Claim // while this run has it
}

// queue hands the cells of a run to its workers, in order. A cell that another
// process is training is passed over and looked at again later, ever less
// often: it may turn up as a stored result, or its process may die.
type queue struct {
	store *Store
	tell  func(Event)
	poll  time.Duration // first pause; it doubles up to maxPauses times poll

	mu      sync.Mutex
	waiting []*task
	running int
	changed chan struct{} // closed and replaced when a cell comes back or ends
}

const maxPauses = 16

func newQueue(store *Store, tasks []*task, poll time.Duration, tell func(Event)) *queue {
	return &queue{store: store, tell: tell, poll: poll, waiting: tasks, changed: make(chan struct{})}
}

// next returns a cell to train, with its claim, or nil when nothing is left.
// It waits while cells are with others who may fail. An error means that the
// store cannot be used or ctx is over.
func (q *queue) next(ctx context.Context) (*task, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t, wait, changed, err := q.take()
		if t != nil || err != nil || changed == nil {
			return t, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// take looks once through the cells that wait. Without a cell to train it says
// how long to wait at most and what to wait for; a nil channel means that
// nothing is left.
func (q *queue) take() (*task, time.Duration, <-chan struct{}, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	wait := q.poll * maxPauses
	for i := 0; i < len(q.waiting); {
		t := q.waiting[i]
		if rest := t.pause - time.Since(t.lookedAt); rest > 0 {
			wait = min(wait, rest)
			i++
			continue
		}
		claim, err := q.claim(t)
		switch {
		case errors.Is(err, ErrTaken):
			q.postpone(t)
			wait = min(wait, t.pause)
			i++
			continue
		case err != nil:
			return nil, 0, nil, err
		}
		q.waiting = slices.Delete(q.waiting, i, i+1)
		if claim != nil {
			t.claim = claim
			t.tried++
			q.running++
			return t, 0, nil, nil
		}
	}
	if len(q.waiting) == 0 && q.running == 0 {
		return nil, 0, nil, nil
	}
	return nil, wait, q.changed, nil
}

// claim takes the right to train a cell. It returns nil when the cell turns out
// to be stored already, by a process that had it until now.
func (q *queue) claim(t *task) (*Claim, error) {
	claim, err := q.store.Claim(t.hash)
	if err != nil {
		return nil, err
	}
	_, err = q.store.Read(t.hash)
	switch {
	case errors.Is(err, ErrNotStored):
		return claim, nil
	case errors.Is(err, ErrBroken):
		path, asideErr := q.store.SetAside(claim)
		if asideErr != nil {
			return nil, errors.Join(asideErr, claim.Release())
		}
		q.tell(Event{Kind: KindBroken, Cell: t.hash, Title: t.cell.Title(), Error: err.Error(), Path: path})
		return claim, nil
	case err != nil:
		return nil, errors.Join(err, claim.Release())
	}
	q.tell(Event{Kind: KindStored, Cell: t.hash, Title: t.cell.Title()})
	return nil, claim.Release()
}

func (q *queue) postpone(t *task) {
	if t.pause == 0 {
		q.tell(Event{Kind: KindWaiting, Cell: t.hash, Title: t.cell.Title()})
		t.pause = q.poll
	} else {
		t.pause = min(2*t.pause, maxPauses*q.poll)
	}
	t.lookedAt = time.Now()
}

// finish takes a cell out of the workers' hands: back to the end of the queue
// if again is true, for good otherwise.
func (q *queue) finish(t *task, again bool) error {
	err := t.claim.Release()
	q.mu.Lock()
	defer q.mu.Unlock()
	t.claim = nil
	q.running--
	if again {
		t.pause = 0
		q.waiting = append(q.waiting, t)
	}
	close(q.changed)
	q.changed = make(chan struct{})
	return err
}
