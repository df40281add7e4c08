package runner

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

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/streams"
)

// attempts is how often a cell is tried in one run.
const attempts = 2

// task is one cell on its way through a run.
type attempt struct {
	*plan.Task     // of the stage, shared by all who work on it
	rank       int // its place in the order
	tried      int
	pause      time.Duration // before the next look at a cell that somebody else has
	lookedAt   time.Time
	claim      *store.Claim  // while this run has it
	result     *store.Result // once this run has stored it
}

// cellStore is what a queue asks of a Store.
type claimStore interface {
	plan.Reader
	Claim(hash string) (*store.Claim, error)
	SetAside(claim *store.Claim) (string, error)
	listing() (plan.Listing, error)
	takeSnapshot(plan string) (snapshot, error)
	FailureOf(plan, cell string) (g store.GivenUp, there bool, err error)
}

// sharedStore is a Store as a queue uses it.
type sharedStore struct{ *store.Store }

var _ claimStore = sharedStore{}

// shelf lists the results in the store.
func (s sharedStore) listing() (plan.Listing, error) { return plan.NewListing(s.Store) }

// queue hands the cells of a run to its workers, in order. A cell that another
// process is training is passed over and looked at again later, ever less
// often: it may turn up as a stored result, or its process may die.
type queue struct {
	store  claimStore
	agenda plan.Workload
	tell   func(worker.Event)
	poll   time.Duration // first pause; it doubles up to maxPauses times poll
	share  *SharedRun    // nil: this runner has the store to itself but for a few
	chance *rand.Rand    // for pauses, and for what to try first

	mu      sync.Mutex
	found   plan.Known
	stage   *plan.Worklist
	decided bool            // the stage is the last
	before  map[string]bool // cells that were stored before the run, with the artefacts asked for
	known   map[string]bool // cells that are or were in the queue, or stored
	waiting []*attempt
	running map[string]bool // cells that are with workers
	stored  int             // cells that were stored by others, before the run or during it
	refused []store.Failure // games that cannot be played
	givenUp []store.Failure // cells that others tried and failed to train
	taken   int             // cells that were tried here
	idle    time.Duration   // the last pause of a share without a cell to train
	free    int             // cells that nobody had at a share's last look
	changed chan struct{}   // closed and replaced when a cell comes back or ends
}

const maxPauses = 16

// newQueue queues the cells that an agenda asks for and the store lacks.
func newQueue(store claimStore, a plan.Workload, poll time.Duration, share *SharedRun, tell func(worker.Event)) (*queue, error) {
	q := &queue{
		store: store, agenda: a, poll: poll, share: share, tell: tell, changed: make(chan struct{}),
		found: plan.Known{}, before: map[string]bool{}, known: map[string]bool{}, running: map[string]bool{},
	}
	var seed [8]byte
	_, _ = crand.Read(seed[:]) // never fails
	q.chance = streams.New(binary.LittleEndian.Uint64(seed[:]), "wait")
	results := plan.ResultReader(plan.NewCachedReader(store))
	var err error
	if share != nil {
		if results, err = store.listing(); err != nil {
			return nil, err
		}
	}
	if q.stage, err = plan.Resolve(q.agenda, results, q.found); err != nil {
		return nil, err
	}
	q.decided = q.stage.Decided()
	for i := range q.stage.Tasks {
		want := &q.stage.Tasks[i]
		if want.Waits {
			continue
		}
		there, err := results.Complete(want)
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
func (q *queue) cells() int { return len(q.stage.Tasks) + len(q.stage.Refused) }

// fill queues the decided cells of the stage that are new. Those that were tried
// before come last.
func (q *queue) fill() {
	for rank := range q.stage.Tasks {
		want := &q.stage.Tasks[rank]
		if !want.Waits && !q.known[want.Hash] {
			q.known[want.Hash] = true
			q.waiting = append(q.waiting, &attempt{Task: want, rank: rank})
		}
	}
	slices.SortStableFunc(q.waiting, func(a, b *attempt) int {
		return cmp.Or(cmp.Compare(a.tried, b.tried), cmp.Compare(a.rank, b.rank))
	})
}

// refuse tells of the games of the stage that cannot be played, once each.
func (q *queue) refuse() {
	for _, failure := range q.stage.Refused {
		if !slices.Contains(q.refused, failure) {
			q.refused = append(q.refused, failure)
			q.tell(worker.Event{Kind: worker.KindFailed, Cell: failure.Cell, Title: failure.Title, Error: failure.Error})
		}
	}
}

// learn takes in a result. It may decide what else is asked for.
func (q *queue) learn(hash string, result *store.Result) error {
	q.found[hash] = plan.NewKnownResult(result)
	if q.decided {
		return nil
	}
	cells := q.cells()
	var err error
	if q.stage, err = q.agenda.Worklist(q.found); err != nil {
		return err
	}
	q.decided = q.stage.Decided()
	q.fill()
	if q.cells() != cells {
		q.tell(worker.Event{Kind: worker.KindRevised, Cells: q.cells(), TotalImages: q.stage.Images(q.before)})
	}
	q.refuse()
	return nil
}

// next returns a cell to train, with its claim, or nil when nothing is left.
// It waits while cells are with others who may fail. An error means that the
// store cannot be used or ctx is over. Once leave is closed it returns nil.
func (q *queue) next(ctx context.Context, leave <-chan struct{}) (*attempt, error) {
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
func (q *queue) take() (*attempt, time.Duration, <-chan struct{}, error) {
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
		case errors.Is(err, store.ErrTaken):
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
	return hash != "" && (q.running[hash] || slices.ContainsFunc(q.waiting, func(t *attempt) bool { return t.Hash == hash }))
}

// begin books a cell that is to be trained now.
func (q *queue) begin(t *attempt, claim *store.Claim) {
	t.claim = claim
	t.tried++
	q.running[t.Hash] = true
	q.taken++
	q.idle = 0
}

// claim takes the right to train a cell. It returns nil when the cell turns out
// to be stored already, which it notes in the task.
func (q *queue) claim(t *attempt) (*store.Claim, error) {
	claim, err := q.store.Claim(t.Hash)
	if err != nil {
		return nil, err
	}
	record, err := q.store.Read(t.Hash)
	switch {
	case errors.Is(err, store.ErrNotStored):
		return claim, nil
	case errors.Is(err, store.ErrBroken):
		path, asideErr := q.store.SetAside(claim)
		if asideErr != nil {
			return nil, errors.Join(asideErr, claim.Release())
		}
		q.tell(worker.Event{Kind: worker.KindBroken, Cell: t.Hash, Title: t.Title, Error: err.Error(), Path: path})
		return claim, nil
	case err != nil:
		return nil, errors.Join(err, claim.Release())
	}
	if lacking := t.Lacks(record.Artefacts()); len(lacking) > 0 {
		more := *t.Task
		more.Artefacts = more.Artefacts.And(record.Artefacts())
		t.Task = &more
		q.tell(worker.Event{Kind: worker.KindLacking, Cell: t.Hash, Title: t.Title, Error: "it lacks " + strings.Join(lacking, ", ")})
		return claim, nil
	}
	t.result = &record.Result
	q.tell(worker.Event{Kind: worker.KindStored, Cell: t.Hash, Title: t.Title})
	return nil, claim.Release()
}

func (q *queue) postpone(t *attempt) {
	if t.pause == 0 {
		q.tell(worker.Event{Kind: worker.KindWaiting, Cell: t.Hash, Title: t.Title})
		t.pause = q.poll
	} else {
		t.pause = min(2*t.pause, maxPauses*q.poll)
	}
	t.lookedAt = time.Now()
}

// finish takes a cell out of the workers' hands: back to the end of the queue
// if again is true, for good otherwise, with its result if it has one.
func (q *queue) finish(t *attempt, again bool) error {
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
