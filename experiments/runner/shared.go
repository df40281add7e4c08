package runner

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/streams"
)

// SharedRun configures a runner that shares its cells with runners on other hosts. They coordinate
// only through the store, which each lists as a whole and rarely, so that a thousand runners can
// wait with little metadata traffic. Results are taken to be whole by their names; the process that
// makes the table reads them.
type SharedRun struct {
	Plan string // hash of the sweep, under which failures are noted
	// Index, in [0, Of), is this runner's place among Of runners. It decides where the runner
	// begins to look for a cell, so that runners that start together do not all try the same ones.
	// No cell is reserved. Of is 0 where the number of runners is not known.
	Index, Of int
	// Cells is the largest number of cells to train; 0: no limit.
	Cells int
}

const (
	// maxTries is the number of cells that seem free and are tried after one look at the store: by
	// then the look is out of date.
	maxTries = 8
	// maxExaminations is the number of cells that other runners hold and are examined after one
	// look, in case their holders died.
	maxExaminations = 10
	// examineEvery is the time between two examinations of such a cell.
	examineEvery = time.Minute
)

// sharedQueue is the queue of a runner that shares its cells with runners on other hosts.
type sharedQueue struct {
	*cellQueue
	shared SharedRun
	chance *rand.Rand    // for pauses, and for the cells to try first
	idle   time.Duration // the last pause without a cell to train
	free   int           // cells that no runner held at the last look
	busy   int           // cells that runners held then
}

var _ queue = &sharedQueue{}

// newSharedQueue queues the cells that a workload asks for and the store lacks.
func newSharedQueue(st claimStore, workload plan.Workload, poll time.Duration, shared SharedRun, report func(worker.Event)) (*sharedQueue, error) {
	results, err := st.listing()
	if err != nil {
		return nil, err
	}
	var seed [8]byte
	_, _ = crand.Read(seed[:]) // never fails
	q := &sharedQueue{shared: shared, chance: streams.New(binary.LittleEndian.Uint64(seed[:]), "wait")}
	q.cellQueue, err = newCellQueue(st, workload, results, poll, report)
	return q, err
}

func (q *sharedQueue) noteFailure(failure store.Failure, final bool) error {
	return q.store.NoteFailure(q.shared.Plan, failure, final)
}

func (q *sharedQueue) left() (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, err := q.candidates(nil)
	return q.free, err
}

func (q *sharedQueue) next(ctx context.Context, leave <-chan struct{}, group *workerGroup) (*attempt, error) {
	return nextOf(ctx, leave, func() (turn, error) { return q.take(group) })
}

// prepare chooses among the cells as candidates does, so that runners do not all prepare the same.
func (q *sharedQueue) prepare(process *Process, places int, kind processKind) (worker.Prepare, bool) {
	return q.prepareIn(process, places, kind, func(free int) int { return q.shared.place(free, q.busy, q.chance.Float64()) })
}

// take looks once at the store and tries the cells that seem free.
func (q *sharedQueue) take(group *workerGroup) (turn, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.shared.Cells > 0 && q.taken >= q.shared.Cells {
		return turn{}, nil
	}
	tries, err := q.candidates(group)
	if err != nil {
		return turn{}, err
	}
	for _, t := range tries {
		claim, err := q.claim(t)
		if errors.Is(err, store.ErrTaken) {
			t.pause, t.lookedAt = examineEvery, time.Now()
			continue
		}
		if err != nil {
			return turn{}, err
		}
		q.waiting = slices.DeleteFunc(q.waiting, func(other *attempt) bool { return other == t })
		if claim == nil {
			if err := q.found(t); err != nil {
				return turn{}, err
			}
			continue
		}
		givenUp, err := q.givenUpSince(t)
		if err == nil && !givenUp {
			q.idle = 0
			return q.begin(t, claim), nil
		}
		if err := errors.Join(err, claim.Release()); err != nil {
			return turn{}, err
		}
	}
	if q.isEmpty() {
		return turn{}, nil
	}
	q.idle = min(max(2*q.idle, q.poll), maxPauses*q.poll)
	return turn{wait: jittered(q.idle, q.chance.Float64()), changed: q.changed}, nil
}

// candidates looks at the store and returns the waiting cells in the order to try them: some that
// seem free, first those that a process of the group has prepared, then some that other runners
// hold, the ones examined longest ago. It removes those that are stored or given up.
func (q *sharedQueue) candidates(group *workerGroup) ([]*attempt, error) {
	now, err := q.store.takeSnapshot(q.shared.Plan)
	if err != nil {
		return nil, err
	}
	if err := q.sortOut(now); err != nil {
		return nil, err
	}
	var free, held []*attempt
	for _, t := range q.waiting {
		switch {
		case q.comes(t.After): // is trained after the cell that it resumes from
		case !now.held[t.Hash]:
			free = append(free, t)
		case t.pause == 0:
			t.pause = examineEvery // presumably it was claimed just now
			t.lookedAt = time.Now()
			q.report(worker.Event{Kind: worker.KindWaiting, Cell: t.Hash, Title: t.Title})
		case time.Since(t.lookedAt) >= t.pause:
			held = append(held, t)
		}
	}
	slices.SortStableFunc(held, func(a, b *attempt) int { return a.lookedAt.Compare(b.lookedAt) })
	q.free, q.busy = len(free), len(now.held)
	free = preferred(free, group)
	own := 0
	for own < len(free) && free[own].isPreparedIn(group) {
		own++
	}
	place := q.shared.place(len(free)-own, q.busy, q.chance.Float64())
	tries := append(slices.Clone(free[:own]), spread(free[own:], place)...)
	return append(tries, held[:min(len(held), maxExaminations)]...), nil
}

// sortOut removes the waiting cells that other runners have stored or given up.
func (q *sharedQueue) sortOut(now snapshot) error {
	var stored []*attempt
	waiting := q.waiting[:0]
	for _, t := range q.waiting {
		failure, failed := now.failed[t.Hash]
		complete, err := now.listing.Complete(t.Task)
		if err != nil {
			return err
		}
		switch {
		case complete:
			stored = append(stored, t)
		case failed:
			q.givenUp = append(q.givenUp, failure.Failure)
		default:
			waiting = append(waiting, t)
		}
	}
	clear(q.waiting[len(waiting):])
	q.waiting = waiting
	for _, t := range stored {
		q.stored++
		q.report(worker.Event{Kind: worker.KindStored, Cell: t.Hash, Title: t.Title})
		if err := q.discover(t.Hash); err != nil {
			return err
		}
	}
	return nil
}

// givenUpSince reports whether a claimed cell was given up between the look and the claim, and
// books it then.
func (q *sharedQueue) givenUpSince(t *attempt) (bool, error) {
	g, there, err := q.store.FailureOf(q.shared.Plan, t.Hash)
	if !there || err != nil {
		return false, err
	}
	here, err := g.ForThisHost()
	if here {
		q.givenUp = append(q.givenUp, g.Failure)
	}
	return here, err
}

// discover takes in the result of a cell that another runner stored. It reads the result only if
// the plan depends on it.
func (q *sharedQueue) discover(hash string) error {
	if q.decided {
		return nil
	}
	if !q.worklist.Decisive()[hash] {
		q.known[hash] = plan.KnownResult{Unread: true}
		return nil
	}
	result, err := plan.NewCachedReader(q.store).Read(hash)
	if result == nil || err != nil {
		return err
	}
	return q.learn(hash, result)
}

// spread returns the cells that one of many runners tries, of those that seem free, which come in
// the order to train them: it begins at its place among the first ones and goes round.
func spread[T any](free []T, place int) []T {
	tries := min(maxTries, len(free))
	order := make([]T, 0, tries)
	for i := range tries {
		order = append(order, free[(place+i)%len(free)])
	}
	return order
}

// place returns where a runner begins among free cells, while busy cells are with others. chance is
// a random number in [0, 1).
func (s SharedRun) place(free, busy int, chance float64) int {
	if free == 0 {
		return 0
	}
	if s.Of == 0 {
		return int(chance * float64(min(busy+1, free)))
	}
	return s.Index % min(s.Of, free)
}

// jittered returns a pause up to a quarter shorter or longer, so that runners that started together
// do not stay in step.
func jittered(pause time.Duration, chance float64) time.Duration {
	return time.Duration(float64(pause) * (0.75 + chance/2))
}
