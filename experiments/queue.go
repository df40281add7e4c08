package experiments

import (
	"cmp"
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"backfire/internal/streams"
)

// attempts is how often a cell is tried in one run.
const attempts = 2

// task is one cell on its way through a run.
type task struct {
	*Want        // of the stage, shared by all who work on it
	rank     int // its place in the order
	tried    int
	pause    time.Duration // before the next look at a cell that somebody else has
	lookedAt time.Time
	claim    *Claim  // while this run has it
	result   *Result // once this run has stored it
}

// cellStore is what a queue asks of a Store.
type cellStore interface {
	cellReader
	Claim(hash string) (*Claim, error)
	SetAside(claim *Claim) (string, error)
	shelf() (shelf, error)
	look(plan string) (look, error)
	Failure(plan, cell string) (g GivenUp, there bool, err error)
}

// sharedStore is a Store as a queue uses it.
type sharedStore struct{ *Store }

var _ cellStore = sharedStore{}

// shelf lists the results in the store.
func (s sharedStore) shelf() (shelf, error) { return newShelf(s.Store) }

// queue hands the cells of a run to its workers, in order. A cell that another
// process is training is passed over and looked at again later, ever less
// often: it may turn up as a stored result, or its process may die.
type queue struct {
	store  cellStore
	agenda agenda
	tell   func(Event)
	poll   time.Duration // first pause; it doubles up to maxPauses times poll
	share  *Share        // nil: this runner has the store to itself but for a few
	chance *rand.Rand    // for pauses, and for what to try first

	mu      sync.Mutex
	found   Findings
	stage   *Stage
	decided bool            // the stage is the last
	before  map[string]bool // cells that were stored before the run, with the artefacts asked for
	known   map[string]bool // cells that are or were in the queue, or stored
	waiting []*task
	running map[string]bool // cells that are with workers
	stored  int             // cells that were stored by others, before the run or during it
	refused []Failure       // games that cannot be played
	givenUp []Failure       // cells that others tried and failed to train
	taken   int             // cells that were tried here
	idle    time.Duration   // the last pause of a share without a cell to train
	free    int             // cells that nobody had at a share's last look
	changed chan struct{}   // closed and replaced when a cell comes back or ends
}

const maxPauses = 16

// newQueue queues the cells that an agenda asks for and the store lacks.
func newQueue(store cellStore, a agenda, poll time.Duration, share *Share, tell func(Event)) (*queue, error) {
	q := &queue{
		store: store, agenda: a, poll: poll, share: share, tell: tell, changed: make(chan struct{}),
		found: Findings{}, before: map[string]bool{}, known: map[string]bool{}, running: map[string]bool{},
	}
	var seed [8]byte
	_, _ = crand.Read(seed[:]) // never fails
	q.chance = streams.New(binary.LittleEndian.Uint64(seed[:]), "wait")
	results := finder(newLibrary(store))
	var err error
	if share != nil {
		if results, err = store.shelf(); err != nil {
			return nil, err
		}
	}
	if q.stage, err = settle(q.agenda, results, q.found); err != nil {
		return nil, err
	}
	q.decided = q.stage.decided()
	for i := range q.stage.Wants {
		want := &q.stage.Wants[i]
		if want.Waits {
			continue
		}
		there, err := results.complete(want)
		if err != nil {
			return nil, err
		}
		if there {
			q.before[want.Hash], q.known[want.Hash] = true, true
		}
	}
	q.stored = len(q.before)
	q.fill()
	if q.decided {
		q.known = nil // nothing new will come
	}
	return q, nil
}

// cells counts what the agenda asks for, as far as that is known.
func (q *queue) cells() int { return len(q.stage.Wants) + len(q.stage.Refused) }

// fill queues the decided cells of the stage that are new. Those that were tried
// before come last.
func (q *queue) fill() {
	for rank := range q.stage.Wants {
		want := &q.stage.Wants[rank]
		if !want.Waits && !q.known[want.Hash] {
			q.known[want.Hash] = true
			q.waiting = append(q.waiting, &task{Want: want, rank: rank})
		}
	}
	slices.SortStableFunc(q.waiting, func(a, b *task) int {
		return cmp.Or(cmp.Compare(a.tried, b.tried), cmp.Compare(a.rank, b.rank))
	})
}

// refuse tells of the games of the stage that cannot be played, once each.
func (q *queue) refuse() {
	for _, failure := range q.stage.Refused {
		if !slices.Contains(q.refused, failure) {
			q.refused = append(q.refused, failure)
			q.tell(Event{Kind: KindFailed, Cell: failure.Cell, Title: failure.Title, Error: failure.Error})
		}
	}
}

// learn takes in a result. It may decide what else is asked for.
func (q *queue) learn(hash string, result *Result) error {
	q.found[hash] = findingOf(result)
	if q.decided {
		return nil
	}
	cells := q.cells()
	var err error
	if q.stage, err = q.agenda.Stage(q.found); err != nil {
		return err
	}
	q.decided = q.stage.decided()
	q.fill()
	if q.cells() != cells {
		q.tell(Event{Kind: KindRevised, Cells: q.cells(), TotalImages: q.stage.images(q.before)})
	}
	q.refuse()
	return nil
}

// next returns a cell to train, with its claim, or nil when nothing is left.
// It waits while cells are with others who may fail. An error means that the
// store cannot be used or ctx is over. Once leave is closed it returns nil.
func (q *queue) next(ctx context.Context, leave <-chan struct{}) (*task, error) {
	for {
		if err := ctx.Err(); err != nil || isClosed(leave) {
			return nil, err
		}
		t, wait, changed, err := q.take()
		if t != nil || err != nil || changed == nil {
			return t, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-leave:
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
	if q.share != nil {
		return q.takeShared()
	}
	wait := q.poll * maxPauses
	for i := 0; i < len(q.waiting); {
		t := q.waiting[i]
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
			q.begin(t, claim)
			return t, 0, nil, nil
		}
		q.stored++
		if err := q.learn(t.Hash, t.result); err != nil {
			return nil, 0, nil, err
		}
		i = 0 // the result may have brought others
	}
	if len(q.waiting) == 0 && len(q.running) == 0 {
		return nil, 0, nil, nil
	}
	return nil, wait, q.changed, nil
}

// comes says whether a cell is being trained or will be.
func (q *queue) comes(hash string) bool {
	return hash != "" && (q.running[hash] || slices.ContainsFunc(q.waiting, func(t *task) bool { return t.Hash == hash }))
}

// begin books a cell that is to be trained now.
func (q *queue) begin(t *task, claim *Claim) {
	t.claim = claim
	t.tried++
	q.running[t.Hash] = true
	q.taken++
	q.idle = 0
}

// claim takes the right to train a cell. It returns nil when the cell turns out
// to be stored already, which it notes in the task.
func (q *queue) claim(t *task) (*Claim, error) {
	claim, err := q.store.Claim(t.Hash)
	if err != nil {
		return nil, err
	}
	record, err := q.store.Read(t.Hash)
	switch {
	case errors.Is(err, ErrNotStored):
		return claim, nil
	case errors.Is(err, ErrBroken):
		path, asideErr := q.store.SetAside(claim)
		if asideErr != nil {
			return nil, errors.Join(asideErr, claim.Release())
		}
		q.tell(Event{Kind: KindBroken, Cell: t.Hash, Title: t.Title, Error: err.Error(), Path: path})
		return claim, nil
	case err != nil:
		return nil, errors.Join(err, claim.Release())
	}
	if lacking := t.lacks(record.Artefacts()); len(lacking) > 0 {
		more := *t.Want
		more.Artefacts = more.Artefacts.and(record.Artefacts())
		t.Want = &more
		q.tell(Event{Kind: KindLacking, Cell: t.Hash, Title: t.Title, Error: "it lacks " + strings.Join(lacking, ", ")})
		return claim, nil
	}
	t.result = &record.Result
	q.tell(Event{Kind: KindStored, Cell: t.Hash, Title: t.Title})
	return nil, claim.Release()
}

func (q *queue) postpone(t *task) {
	if t.pause == 0 {
		q.tell(Event{Kind: KindWaiting, Cell: t.Hash, Title: t.Title})
		t.pause = q.poll
	} else {
		t.pause = min(2*t.pause, maxPauses*q.poll)
	}
	t.lookedAt = time.Now()
}

// finish takes a cell out of the workers' hands: back to the end of the queue
// if again is true, for good otherwise, with its result if it has one.
func (q *queue) finish(t *task, again bool) error {
	err := t.claim.Release()
	q.mu.Lock()
	defer q.mu.Unlock()
	t.claim = nil
	delete(q.running, t.Hash)
	if again {
		t.pause = 0
		q.waiting = append(q.waiting, t)
	}
	if t.result != nil {
		err = errors.Join(err, q.learn(t.Hash, t.result))
	}
	close(q.changed)
	q.changed = make(chan struct{})
	return err
}
