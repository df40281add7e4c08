package runner

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
)

// Share is the part of one of many runners that work on the same cells, on any
// number of hosts. They agree by nothing but what lies in the store, and look at
// it by whole directories and seldom, so that a thousand of them can wait without
// a storm. Results that are there are taken to be whole: whoever makes the table
// reads them.
type SharedRun struct {
	Plan string // hash of the sweep: where failures are noted
	// Index of Of says where the runner begins to look for a cell, so that runners
	// that begin together do not all try the same ones. No cell is kept for
	// anybody. Of 0: not known.
	Index, Of int
	// Cells is how many to take at most; 0: any number.
	Cells int
}

const (
	// maxTries is how many cells that seem free are tried in one look: the look is
	// old then.
	maxTries = 8
	// maxExaminations is how many cells that others have are looked at in one
	// look, in case their holders died.
	maxExaminations = 10
	// examineEvery is how often one of them is looked at.
	examineEvery = time.Minute
)

// spread orders the cells that seem free, which come in the order to train them,
// for one of many runners: it begins at its own place among the first ones and
// goes round.
func spread[T any](free []T, place int) []T {
	tries := min(maxTries, len(free))
	order := make([]T, 0, tries)
	for i := range tries {
		order = append(order, free[(place+i)%len(free)])
	}
	return order
}

// place is where a runner begins among free cells, while busy cells are with
// others. Chance is a random number in [0, 1).
func (s SharedRun) place(free, busy int, chance float64) int {
	if free == 0 {
		return 0
	}
	if s.Of == 0 {
		return int(chance * float64(min(busy+1, free)))
	}
	return s.Index % min(s.Of, free)
}

// jittered is a pause up to a quarter shorter or longer, so that many that began
// together do not stay together.
func jittered(pause time.Duration, chance float64) time.Duration {
	return time.Duration(float64(pause) * (0.75 + chance/2))
}

// longFirst orders wants by what they cost, the dearest first, so that no long one
// is left for the end, after those that decide what else is to be trained.
func sortLongestFirst(stage *plan.Worklist) {
	decisive := map[string]bool{}
	if !stage.Decided() {
		decisive = stage.Decisive()
	}
	rank := func(w plan.Task) int {
		if decisive[w.Hash] {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(stage.Tasks, func(a, b plan.Task) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Cell.Cost(), a.Cell.Cost()))
	})
}

// sharedAgenda is an agenda with long cells first.
type longestFirst struct{ plan.Workload }

// Stage is that of the agenda, in another order.
func (s longestFirst) Worklist(found plan.Known) (*plan.Worklist, error) {
	stage, err := s.Workload.Worklist(found)
	if err != nil {
		return nil, err
	}
	ordered := *stage
	ordered.Tasks = slices.Clone(stage.Tasks)
	sortLongestFirst(&ordered)
	return &ordered, nil
}

// shareTasks sorts the tasks that wait by what the store says now. It takes out
// those that are stored or given up, and returns the others in the order to try
// them: some that seem free, then some that others have, the ones looked at
// longest ago.
func (q *queue) shareTasks() ([]*attempt, error) {
	look, err := q.store.takeSnapshot(q.share.Plan)
	if err != nil {
		return nil, err
	}
	var found []*attempt
	waiting := q.waiting[:0]
	for _, t := range q.waiting {
		failure, failed := look.failed[t.Hash]
		stored, err := look.listing.Complete(t.Task)
		if err != nil {
			return nil, err
		}
		switch {
		case stored:
			found = append(found, t)
		case failed:
			q.givenUp = append(q.givenUp, failure.Failure)
		default:
			waiting = append(waiting, t)
		}
	}
	clear(q.waiting[len(waiting):])
	q.waiting = waiting
	for _, t := range found {
		q.stored++
		q.tell(worker.Event{Kind: worker.KindStored, Cell: t.Hash, Title: t.Title})
		if err := q.discover(t.Hash); err != nil {
			return nil, err
		}
	}
	var free, taken []*attempt
	for _, t := range q.waiting {
		switch {
		case q.comes(t.After): // its turn is after that of the one it goes on from
		case !look.held[t.Hash]:
			free = append(free, t)
		case t.pause == 0:
			t.pause = examineEvery // it was taken just now, presumably
			t.lookedAt = time.Now()
			q.tell(worker.Event{Kind: worker.KindWaiting, Cell: t.Hash, Title: t.Title})
		case time.Since(t.lookedAt) >= t.pause:
			taken = append(taken, t)
		}
	}
	slices.SortStableFunc(taken, func(a, b *attempt) int { return a.lookedAt.Compare(b.lookedAt) })
	q.free = len(free)
	place := q.share.place(len(free), len(look.held), q.chance.Float64())
	return append(spread(free, place), taken[:min(len(taken), maxExaminations)]...), nil
}

// takeShared is take where many runners share the store.
func (q *queue) takeShared() (*attempt, time.Duration, <-chan struct{}, error) {
	if q.share.Cells > 0 && q.taken >= q.share.Cells {
		return nil, 0, nil, nil
	}
	tries, err := q.shareTasks()
	if err != nil {
		return nil, 0, nil, err
	}
	for _, t := range tries {
		claim, err := q.claim(t)
		if errors.Is(err, store.ErrTaken) {
			t.pause, t.lookedAt = examineEvery, time.Now()
			continue
		}
		if err != nil {
			return nil, 0, nil, err
		}
		q.waiting = slices.DeleteFunc(q.waiting, func(other *attempt) bool { return other == t })
		if claim != nil {
			given, err := q.givenUpSince(t)
			if err == nil && !given {
				q.begin(t, claim)
				return t, 0, nil, nil
			}
			if err := errors.Join(err, claim.Release()); err != nil {
				return nil, 0, nil, err
			}
			continue
		}
		q.stored++
		if err := q.learn(t.Hash, t.result); err != nil {
			return nil, 0, nil, err
		}
	}
	if len(q.waiting) == 0 && len(q.running) == 0 {
		return nil, 0, nil, nil
	}
	q.idle = min(max(2*q.idle, q.poll), maxPauses*q.poll)
	return nil, jittered(q.idle, q.chance.Float64()), q.changed, nil
}

// givenUpSince says whether a claimed cell was given up between the look and the
// claim, and books it then.
func (q *queue) givenUpSince(t *attempt) (bool, error) {
	g, there, err := q.store.FailureOf(q.share.Plan, t.Hash)
	if !there || err != nil {
		return false, err
	}
	here, err := g.ForThisHost()
	if here {
		q.givenUp = append(q.givenUp, g.Failure)
	}
	return here, err
}

// discover takes in the result of a cell that somebody else stored.
func (q *queue) discover(hash string) error {
	if q.decided {
		return nil
	}
	if !q.stage.Decisive()[hash] {
		q.found[hash] = plan.KnownResult{Unread: true}
		return nil
	}
	result, err := plan.NewCachedReader(q.store).Read(hash)
	if result == nil || err != nil {
		return err
	}
	return q.learn(hash, result)
}

// look is what a store says of the cells of a plan, by the names of its files.
type snapshot struct {
	listing plan.Listing
	held    map[string]bool          // somebody trains it, or died over it
	failed  map[string]store.GivenUp // nobody is to try it again
}

// look looks.
func (s sharedStore) takeSnapshot(plan string) (snapshot, error) {
	l := snapshot{held: map[string]bool{}, failed: map[string]store.GivenUp{}}
	// Held before stored: a cell that is stored in between seems held at worst.
	held, err := s.Held()
	if err != nil {
		return snapshot{}, err
	}
	for _, name := range held {
		l.held[name] = true
	}
	if l.listing, err = s.listing(); err != nil {
		return snapshot{}, err
	}
	given, err := s.GivenUp(plan)
	if err != nil {
		return snapshot{}, err
	}
	for _, g := range given {
		here, err := g.ForThisHost()
		if err != nil {
			return snapshot{}, err
		}
		if here {
			l.failed[g.Cell] = g
		}
	}
	return l, nil
}
