package runner

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
)

// queue hands the cells of a run to its workers and books what becomes of them. An aloneQueue
// serves a runner that has the store to itself, except for a few others on its host; a sharedQueue
// serves one of many runners.
type queue interface {
	// counts returns the number of requested cells, as far as results have decided that, how many
	// of them other runs have stored, and the images that the cells not stored before the run take
	// through the training step.
	counts() (cells, stored int, images int64)
	// next returns a claimed cell to train, or nil when nothing is left or leave is closed. Cells
	// that a process of the group, which may be nil, has prepared come first, those that other
	// processes have prepared last. It waits while other processes hold cells, because they may fail.
	// An error means that the store cannot be used, or ctx's end.
	next(ctx context.Context, leave <-chan struct{}, group *workerGroup) (*attempt, error)
	// prepare returns the request that prepares a cell in a process, which has so many places for
	// cells of a kind: one of those that wait and will probably be next. It is false if all places
	// are taken, or there is no such cell. The cell is not claimed and can be trained anywhere.
	prepare(process *Process, places int, kind processKind) (worker.Prepare, bool)
	// finish takes a cell back and releases its claim: to the end of the queue if it is to be
	// retried, else for good, with its result if it has one.
	finish(t *attempt, retry bool) error
	// noteFailure tells the other runners that this one has given a cell up.
	noteFailure(failure store.Failure, final bool) error
	// refuse reports the games that cannot be played, each once.
	refuse()
	// failures returns the games that cannot be played and the cells that other runners have given
	// up.
	failures() []store.Failure
	// left returns the number of cells that no runner has trained, given up or claimed.
	left() (int, error)
	// missing lists the models that have no result as far as the queue knows: those that wait, for
	// a worker or for other results, and those that failed, which are given.
	missing(failed []store.Failure) []plan.Missing
	// single returns the ASR of the only attacker of the game called hash, nil as long as that game
	// is not stored.
	single(hash string) (*game.Rate, error)
	// complete adds the single ASRs that are stored now to the results of the run that lack them.
	// It is called when no worker uses the queue any more.
	complete() error
}

// cellQueue is the part that both kinds of queue have in common.
type cellQueue struct {
	store    claimStore
	workload plan.Workload
	report   func(worker.Event)
	poll     time.Duration // first pause; it doubles up to maxPauses times poll

	mu       sync.Mutex
	known    plan.Known
	worklist *plan.Worklist
	decided  bool            // the worklist is the last
	before   map[string]bool // cells that were stored before the run, with the requested artefacts
	queued   map[string]bool // cells that are or were in the queue, or stored; nil once nothing new can come
	waiting  []*attempt
	running  map[string]bool // cells that are with workers
	stored   int             // cells that other runs stored, before this one or during it
	refused  []store.Failure // games that cannot be played
	givenUp  []store.Failure // cells that other runners failed to train
	taken    int             // cells that were tried here
	changed  chan struct{}   // closed and replaced when a cell comes back or ends
}

// maxPauses is the longest pause between two looks at the store, as a multiple of the first.
const maxPauses = 16

// newCellQueue queues the cells that a workload asks for and the store lacks. results reads what is
// stored.
func newCellQueue(st claimStore, workload plan.Workload, results plan.ResultReader, poll time.Duration, report func(worker.Event)) (*cellQueue, error) {
	q := &cellQueue{
		store: st, workload: workload, poll: poll, report: report, changed: make(chan struct{}),
		known: plan.Known{}, before: map[string]bool{}, queued: map[string]bool{}, running: map[string]bool{},
	}
	var err error
	if q.worklist, err = plan.Resolve(workload, results, q.known); err != nil {
		return nil, err
	}
	q.decided = q.worklist.Decided()
	for i := range q.worklist.Tasks {
		task := &q.worklist.Tasks[i]
		if task.Waits {
			continue
		}
		stored, err := results.Complete(task)
		if err != nil {
			return nil, err
		}
		if stored {
			q.before[task.Hash], q.queued[task.Hash] = true, true
		}
	}
	q.stored = len(q.before)
	q.fill()
	if q.decided {
		q.queued = nil // nothing new will come
	}
	return q, nil
}

func (q *cellQueue) counts() (cells, stored int, images int64) {
	return q.cells(), q.stored, q.worklist.Images(q.before)
}

// cells returns the number of requested cells, as far as that is known.
func (q *cellQueue) cells() int { return len(q.worklist.Tasks) + len(q.worklist.Refused) }

func (q *cellQueue) missing(failed []store.Failure) []plan.Missing {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all []plan.Missing
	for _, t := range q.waiting {
		all = append(all, plan.Missing{Cell: t.Hash, Title: t.Title, Reason: plan.NotStored})
	}
	for i := range q.worklist.Tasks {
		if t := &q.worklist.Tasks[i]; t.Waits {
			all = append(all, plan.Missing{Cell: t.Hash, Title: t.Title, Reason: plan.Undecided})
		}
	}
	for _, f := range failed {
		all = append(all, plan.Missing{Cell: f.Cell, Title: f.Title, Reason: plan.NotStored, Detail: f.Error})
	}
	return all
}

func (q *cellQueue) failures() []store.Failure { return slices.Concat(q.refused, q.givenUp) }

// fill queues the decided cells of the worklist that are new. Cells that were tried before come
// last.
func (q *cellQueue) fill() {
	for rank := range q.worklist.Tasks {
		task := &q.worklist.Tasks[rank]
		if !task.Waits && !q.queued[task.Hash] {
			q.queued[task.Hash] = true
			q.waiting = append(q.waiting, &attempt{Task: task, rank: rank})
		}
	}
	slices.SortStableFunc(q.waiting, func(a, b *attempt) int {
		return cmp.Or(cmp.Compare(a.tried, b.tried), cmp.Compare(a.rank, b.rank))
	})
}

func (q *cellQueue) refuse() {
	for _, failure := range q.worklist.Refused {
		if !slices.Contains(q.refused, failure) {
			q.refused = append(q.refused, failure)
			q.report(worker.Event{Kind: worker.KindFailed, Cell: failure.Cell, Title: failure.Title, Error: failure.Error})
		}
	}
}

// learn takes in a result, which may decide what else is requested.
func (q *cellQueue) learn(hash string, result *store.Result) error {
	q.known[hash] = plan.NewKnownResult(result)
	if q.decided {
		return nil
	}
	cells := q.cells()
	var err error
	if q.worklist, err = q.workload.Worklist(q.known); err != nil {
		return err
	}
	q.decided = q.worklist.Decided()
	q.fill()
	if q.cells() != cells {
		q.report(worker.Event{Kind: worker.KindRevised, Cells: q.cells(), TotalImages: q.worklist.Images(q.before)})
	}
	q.refuse()
	return nil
}

// turn is the outcome of one look through the waiting cells: an attempt to train, or how long to
// wait at most, and a channel that is closed when a cell comes back or ends. A nil channel means
// that nothing is left.
type turn struct {
	attempt *attempt
	wait    time.Duration
	changed <-chan struct{}
}

// nextOf calls take until it returns an attempt or nothing is left, and waits in between, see
// queue.next.
func nextOf(ctx context.Context, leave <-chan struct{}, take func() (turn, error)) (*attempt, error) {
	for {
		if err := ctx.Err(); err != nil || isClosed(leave) {
			return nil, err
		}
		t, err := take()
		if t.attempt != nil || err != nil || t.changed == nil {
			return t.attempt, err
		}
		timer := time.NewTimer(t.wait)
		select {
		case <-ctx.Done():
		case <-leave:
		case <-t.changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// comes reports whether a cell is being trained by this run or will be.
func (q *cellQueue) comes(hash string) bool {
	return hash != "" && (q.running[hash] || slices.ContainsFunc(q.waiting, func(t *attempt) bool { return t.Hash == hash }))
}

// begin books a cell that is to be trained now.
func (q *cellQueue) begin(t *attempt, claim *store.Claim) turn {
	t.claim, t.prepared = claim, nil
	t.tried++
	q.running[t.Hash] = true
	q.taken++
	return turn{attempt: t}
}

// isEmpty reports whether no cell waits or is being trained.
func (q *cellQueue) isEmpty() bool { return len(q.waiting) == 0 && len(q.running) == 0 }

// claim claims a cell. It returns nil when the cell turns out to be stored, and notes the result in
// the attempt. A damaged result is set aside first; one that lacks requested artefacts is trained
// again with those that it has.
func (q *cellQueue) claim(t *attempt) (*store.Claim, error) {
	claim, err := q.store.Claim(t.Hash)
	if err != nil {
		return nil, err
	}
	record, err := q.store.Read(t.Hash)
	switch {
	case errors.Is(err, store.ErrNotStored):
		return claim, nil
	case errors.Is(err, store.ErrBroken):
		event, err := setAside(q.store, claim, t.Title, err)
		if err != nil {
			return nil, errors.Join(err, claim.Release())
		}
		q.report(event)
		return claim, nil
	case err != nil:
		return nil, errors.Join(err, claim.Release())
	}
	if lacking := t.Lacks(record.Artefacts()); len(lacking) > 0 {
		more := *t.Task
		more.Artefacts = more.Artefacts.And(record.Artefacts())
		t.Task, t.stored = &more, ""
		kind := worker.KindLacking
		if !t.Artefacts.Of(t.Cell).NeedTraining(record.Artefacts()) {
			kind, t.stored = worker.KindCompleted, record.Dir
		}
		q.report(worker.Event{Kind: kind, Cell: t.Hash, Title: t.Title, Error: "it lacks " + strings.Join(lacking, ", ")})
		return claim, nil
	}
	t.result = &record.Result
	q.report(worker.Event{Kind: worker.KindStored, Cell: t.Hash, Title: t.Title})
	return nil, claim.Release()
}

// found books a cell that another run stored, with its result.
func (q *cellQueue) found(t *attempt) error {
	q.stored++
	return q.learn(t.Hash, t.result)
}

func (q *cellQueue) finish(t *attempt, retry bool) error {
	err := t.claim.Release()
	q.mu.Lock()
	defer q.mu.Unlock()
	t.claim = nil
	delete(q.running, t.Hash)
	if retry {
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
