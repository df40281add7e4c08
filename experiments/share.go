package experiments

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// Share is the part of one of many runners that work on the same cells, on any
// number of hosts. They agree by nothing but what lies in the store, and look at
// it by whole directories and seldom, so that a thousand of them can wait without
// a storm. Results that are there are taken to be whole: whoever makes the table
// reads them.
type Share struct {
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
func (s Share) place(free, busy int, chance float64) int {
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
func longFirst(stage *Stage) {
	decisive := map[string]bool{}
	if !stage.decided() {
		decisive = stage.decisive()
	}
	rank := func(w Want) int {
		if decisive[w.Hash] {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(stage.Wants, func(a, b Want) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Cell.cost(), a.Cell.cost()))
	})
}

// cost is about proportional to the time that a cell takes: images through the
// training step, times what one costs, about quadratic in the width.
func (c Cell) cost() float64 {
	width := float64(c.Model.Width)
	return c.work() * width * width * float64(c.Data.Shape.Plane())
}

// shelf is a look at what a store has by names alone, but for results that
// decide something.
type shelf struct {
	library *library
	names   map[string]bool
}

// find looks into the result only where something depends on it.
func (s shelf) find(hash string, decides bool) (Finding, bool, error) {
	if !s.names[hash] || !decides {
		return Finding{unread: true}, s.names[hash], nil
	}
	return s.library.find(hash, decides)
}

// complete looks at the manifest where more is asked for than every result has.
// One that cannot be read counts as lacking: whoever claims the cell finds out why.
func (s shelf) complete(want *Want) (bool, error) {
	if !s.names[want.Hash] || want.Artefacts.of(want.Cell) == (Artefacts{}) {
		return s.names[want.Hash], nil
	}
	there, err := ArtefactsIn(s.library.store.Path(want.Hash))
	return err == nil && len(want.lacks(there)) == 0, nil
}

// sharedAgenda is an agenda with long cells first.
type sharedAgenda struct{ agenda }

// Stage is that of the agenda, in another order.
func (s sharedAgenda) Stage(found Findings) (*Stage, error) {
	stage, err := s.agenda.Stage(found)
	if err != nil {
		return nil, err
	}
	ordered := *stage
	ordered.Wants = slices.Clone(stage.Wants)
	longFirst(&ordered)
	return &ordered, nil
}

// shareTasks sorts the tasks that wait by what the store says now. It takes out
// those that are stored or given up, and returns the others in the order to try
// them: some that seem free, then some that others have, the ones looked at
// longest ago.
func (q *queue) shareTasks() ([]*task, error) {
	look, err := q.store.look(q.share.Plan)
	if err != nil {
		return nil, err
	}
	var found []*task
	waiting := q.waiting[:0]
	for _, t := range q.waiting {
		failure, failed := look.failed[t.Hash]
		stored, err := look.shelf.complete(t.Want)
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
		q.tell(Event{Kind: KindStored, Cell: t.Hash, Title: t.Title})
		if err := q.discover(t.Hash); err != nil {
			return nil, err
		}
	}
	var free, taken []*task
	for _, t := range q.waiting {
		switch {
		case q.comes(t.After): // its turn is after that of the one it goes on from
		case !look.held[t.Hash]:
			free = append(free, t)
		case t.pause == 0:
			t.pause = examineEvery // it was taken just now, presumably
			t.lookedAt = time.Now()
			q.tell(Event{Kind: KindWaiting, Cell: t.Hash, Title: t.Title})
		case time.Since(t.lookedAt) >= t.pause:
			taken = append(taken, t)
		}
	}
	slices.SortStableFunc(taken, func(a, b *task) int { return a.lookedAt.Compare(b.lookedAt) })
	q.free = len(free)
	place := q.share.place(len(free), len(look.held), q.chance.Float64())
	return append(spread(free, place), taken[:min(len(taken), maxExaminations)]...), nil
}

// takeShared is take where many runners share the store.
func (q *queue) takeShared() (*task, time.Duration, <-chan struct{}, error) {
	if q.share.Cells > 0 && q.taken >= q.share.Cells {
		return nil, 0, nil, nil
	}
	tries, err := q.shareTasks()
	if err != nil {
		return nil, 0, nil, err
	}
	for _, t := range tries {
		claim, err := q.claim(t)
		if errors.Is(err, ErrTaken) {
			t.pause, t.lookedAt = examineEvery, time.Now()
			continue
		}
		if err != nil {
			return nil, 0, nil, err
		}
		q.waiting = slices.DeleteFunc(q.waiting, func(other *task) bool { return other == t })
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
func (q *queue) givenUpSince(t *task) (bool, error) {
	g, there, err := q.store.Failure(q.share.Plan, t.Hash)
	if !there || err != nil {
		return false, err
	}
	here, err := g.forThisHost()
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
	if !q.stage.decisive()[hash] {
		q.found[hash] = Finding{unread: true}
		return nil
	}
	result, err := newLibrary(q.store).read(hash)
	if result == nil || err != nil {
		return err
	}
	return q.learn(hash, result)
}
