package runner

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/hardware"
	"backfire/launcher"
	"backfire/stats"
)

// ErrInterrupted says that a run was stopped before its end. What it had
// finished is stored, and the same run again goes on from there.
var ErrInterrupted = errors.New("interrupted")

// defaultPoll is the first pause before a cell that another process has is
// looked at again.
const defaultPoll = 500 * time.Millisecond

// Runner trains the cells that a store lacks.
type Runner struct {
	Store  *store.Store
	Source datasets.Source // where the images of Run's cells lie

	Artefacts store.Artefacts // asked for of Run's cells

	CommandLine string // that asks for RunSweep's sweep, for the note of it; may be empty

	// Command makes the command of a worker process, which runs a Worker:
	// launcher.Launcher.Worker. It is called once per process.
	Command func() (*exec.Cmd, error)

	Device  string // auto, cpu, cuda or cuda:K
	Workers int    // models at a time, at least 1
	Threads int    // of the CPU, per worker, at least 1
	// PerProcess is how many workers have a process in common, see PerProcess;
	// 0: none.
	PerProcess int

	// Observer hears what happens, one event at a time; nil: nobody does.
	Observer worker.Observer
	// Poll is the first pause before a cell that another process is training
	// is looked at again; pauses grow to 16 times as much. 0: half a second.
	Poll time.Duration
	// Patience is how long a worker may report nothing while its process does not
	// use the processor, before it is taken to hang: the process is killed, and its
	// cells are tried again. Where the process is busy, perhaps for others, a
	// worker may be silent ten times as long. 0: ten minutes.
	Patience time.Duration

	// Share says that the runner is one of many; nil: that it is the only one,
	// but for a few on this host.
	Shared *SharedRun
	now    func() time.Time // by which a worker hangs; nil: time.Now

	// Leave, once closed, has the runner take no more cells and stop those that
	// it trains after their next checkpoint; nil: it stays to the end.
	Leave <-chan struct{}
}

// ErrFull says that the store takes no more: the disk is full, or the quota is
// used up.
var ErrFull = errors.New("the store's disk or quota is full; make room and give the same command again: nothing that was stored is lost")

// errLeft says that a training was stopped after a checkpoint, as Runner.Leave
// asks.
var errLeft = errors.New("left after a checkpoint")

// Outcome is what a run did.
type Outcome struct {
	Cells   int             // asked for, as far as results have decided that
	Stored  int             // of them, stored before the run, or by others during it
	Trained int             // by this run
	Left    int             // of a share: cells that nobody had trained, given up or taken at the end
	Failed  []store.Failure // tried and given up, or games that cannot be played with the triggers kept
}

// Run trains the cells that are not stored yet, in order, each at most twice.
// One cell's failure does not stop the others: it is part of the outcome. The
// error wraps ErrInterrupted and the cause when ctx ends first; any other error
// means that the store or the workers cannot be used at all. The cells must be
// distinct and their images those of Source.
func (r *Runner) Run(ctx context.Context, cells []cell.Cell) (*Outcome, error) {
	list, err := plan.NewFixed(cells, r.Source, r.Artefacts)
	if err != nil {
		return nil, err
	}
	return r.run(ctx, list)
}

// RunSweep trains what a sweep asks for, as Run does: first cells that are
// decided, then those that their results decide. Each point has its own images;
// Source is not used. What the sweep asks for is noted in the store until Sweep.End.
func (r *Runner) RunSweep(ctx context.Context, sweep *plan.Sweep) (*Outcome, error) {
	noted, err := newRecorded(ctx, sweep, r.Store, r.CommandLine)
	if err != nil {
		return nil, err
	}
	return r.run(ctx, noted)
}

func (r *Runner) run(ctx context.Context, a plan.Workload) (*Outcome, error) {
	outcome, err := r.work(ctx, a)
	if disk.IsFull(err) {
		err = fmt.Errorf("experiments: %w (%s)", ErrFull, store.OneLine(err))
	}
	return outcome, err
}

func (r *Runner) work(ctx context.Context, a plan.Workload) (*Outcome, error) {
	if r.Shared == nil {
		if err := r.Store.Tidy(); err != nil {
			return nil, err
		}
	}
	run := &run{Runner: r, outcome: &Outcome{}}
	poll := r.Poll
	if poll == 0 {
		poll = defaultPoll
	}
	if r.Shared != nil {
		a = longestFirst{a}
	}
	var err error
	if run.queue, err = newQueue(sharedStore{r.Store}, a, poll, r.Shared, run.tell); err != nil {
		return nil, err
	}
	q := run.queue
	left := q.cells() - q.stored
	workers := max(1, min(r.Workers, left))
	begun := worker.Event{Kind: worker.KindPlan, Cells: q.cells(), Stored: q.stored, Workers: workers, TotalImages: q.stage.Images(q.before)}
	if left > 0 {
		begun.IdleCores = r.idle(workers, runtime.GOMAXPROCS(0))
	}
	run.tell(begun)
	q.refuse()

	// The first slot that cannot go on stops the others.
	shared, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var slots sync.WaitGroup
	var together *workerGroup
	cores := Pins(r.Device, workers, r.Threads)
	for i := range workers {
		if size := max(1, r.PerProcess); i%size == 0 {
			together = newWorkerGroup(min(size, workers-i), func() (*Process, error) { return run.start(Pin(cores, i)) })
		}
		own := together
		slots.Go(func() {
			if err := run.slot(shared, i+1, own); err != nil {
				stop(err)
			}
		})
	}
	slots.Wait()
	completing := q.complete()
	outcome := run.outcome
	outcome.Cells, outcome.Stored = q.cells(), q.stored
	outcome.Failed = append(append(outcome.Failed, q.refused...), q.givenUp...)
	if r.Shared != nil {
		if _, err := q.shareTasks(); err != nil {
			return nil, err
		}
		outcome.Left = q.free
	}
	if ctx.Err() != nil {
		return outcome, errors.Join(fmt.Errorf("experiments: run: %w: %w", ErrInterrupted, ctx.Err()), completing)
	}
	return outcome, errors.Join(context.Cause(shared), completing)
}

// run is the state of one Run.
type run struct {
	*Runner
	queue *queue

	telling sync.Mutex

	mu      sync.Mutex
	outcome *Outcome
}

// idle is how many of so many cores have nothing to do while so many workers train
// on the CPU.
func (r *Runner) idle(workers, cores int) int {
	if r.Device != hardware.CPU.String() {
		return 0
	}
	return max(0, cores-workers*max(1, r.Threads))
}

// tell passes an event on, one at a time.
func (r *run) tell(e worker.Event) {
	if r.Observer == nil {
		return
	}
	r.telling.Lock()
	defer r.telling.Unlock()
	r.Observer.Observe(e)
}

// slot is one worker: it trains one cell after another in the process of its crew.
func (r *run) slot(ctx context.Context, number int, crew *workerGroup) error {
	defer crew.close()
	for {
		t, err := r.queue.next(ctx, r.Leave)
		if t == nil {
			return err
		}
		worker, err := crew.acquire(kindOf(t.Cell))
		if err != nil {
			return errors.Join(err, r.queue.finish(t, true))
		}
		cause := r.train(ctx, worker, number, t)
		var failed *failedAttempt
		crew.release(worker, kindOf(t.Cell), cause != nil && !(errors.As(cause, &failed) && failed.final))
		if ctx.Err() != nil && cause != nil {
			return errors.Join(ctx.Err(), r.queue.finish(t, true))
		}
		if errors.Is(cause, launcher.ErrEngine) {
			return errors.Join(cause, r.queue.finish(t, true)) // no other cell would fare better
		}
		if errors.Is(cause, errLeft) {
			return r.queue.finish(t, true)
		}
		if err := r.recordAttempt(t, number, cause); err != nil {
			return err
		}
	}
}

// start starts a worker process on some cores; on any if there are none.
func (r *run) start(cores []int) (*Process, error) {
	command, err := r.Command()
	if err != nil {
		return nil, err
	}
	return StartProcess(command, cores)
}

// failedAttempt is why a worker could not train a cell.
type failedAttempt struct {
	cause error
	final bool // trying again has no use
	full  bool // the store takes no more
}

func (f *failedAttempt) Error() string { return f.cause.Error() }

func (f *failedAttempt) Unwrap() error { return f.cause }

// train has a worker of a process train a cell and stores the result. An error
// means that the attempt failed. Either way nothing works on the cell any more.
func (r *run) train(ctx context.Context, w *Process, number int, t *attempt) error {
	dir, err := t.claim.Dir()
	if err != nil {
		return err
	}
	checkpoint, err := t.claim.Checkpoint()
	if err != nil {
		return err
	}
	states, err := r.Store.States()
	if err != nil {
		return err
	}
	job := worker.Job{
		Cell: t.Cell, Source: t.Source, Dir: dir, Checkpoint: checkpoint, States: states, SavesState: t.SavesState, Device: r.Device, Threads: r.Threads,
		Artefacts: t.Artefacts.Of(t.Cell),
	}
	given := w.Assign(number, job)
	defer given.end()
	stage := "before it began"
	patience := r.Patience
	if patience == 0 {
		patience = defaultPatience
	}
	now := r.now
	if now == nil {
		now = time.Now
	}
	dog := newWatchdog(patience, w.used, now)
	look := time.NewTimer(dog.left())
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.claim.Lost():
			return fmt.Errorf("%s: %w", stage, store.ErrLost)
		case <-look.C:
			if dog.hangs() {
				w.kill()
				return fmt.Errorf("%s: the worker process hangs: no event for %s", stage, dog.silent().Round(time.Second))
			}
			look.Reset(dog.left())
		case <-w.Ended:
			end := w.ExitError()
			if errors.Is(end, launcher.ErrEngine) {
				return end
			}
			return fmt.Errorf("%s: %w", stage, errors.Join(end, given.Sent))
		case event := <-given.Events:
			dog.hear()
			look.Reset(dog.left())
			event.Title = t.Title
			switch event.Kind {
			case worker.KindDone:
				return r.commit(t, event)
			case worker.KindFailed:
				return &failedAttempt{errors.New(event.Error), event.Final, event.Full}
			case worker.KindPhase:
				stage = fmt.Sprintf("in phase %s", event.Phase)
			case worker.KindEpoch:
				stage = fmt.Sprintf("after epoch %d of %d", event.Epoch, event.Epochs)
			}
			r.tell(event)
			// The checkpoint is written before its epoch is told of. After the last
			// epoch little is left, and the model is scored.
			if event.Kind == worker.KindEpoch && event.Epoch < event.Epochs && isClosed(r.Leave) {
				return errLeft
			}
		}
	}
}

// commit stores what a worker has made and tells of it.
func (r *run) commit(t *attempt, event worker.Event) error {
	draft, err := t.claim.Draft()
	if err != nil {
		return err
	}
	if draft, _, err = draft.WithSingles(r.queue.single); err != nil {
		return err
	}
	if err := t.claim.Commit(draft); err != nil {
		return err
	}
	record, err := r.Store.Read(t.Hash)
	if err != nil {
		return err
	}
	t.result = &record.Result
	event.Headline = &worker.Headline{
		CleanAccuracy:   stats.Number(record.Result.CleanAccuracy.Value()),
		ASR:             record.Result.ASR.Mean,
		Seconds:         record.Result.Provenance.TotalSeconds,
		ImagesPerSecond: record.Result.Provenance.ImagesPerSecond,
	}
	r.tell(event)
	return nil
}

// settle books the end of an attempt: done, to be tried again, or given up.
func (r *run) recordAttempt(t *attempt, number int, cause error) error {
	var failed *failedAttempt
	if errors.Is(cause, store.ErrLost) {
		t.tried-- // it was another's
	}
	if disk.IsFull(cause) || errors.As(cause, &failed) && failed.full {
		r.tell(worker.Event{Kind: worker.KindRetry, Cell: t.Hash, Title: t.Title, Worker: number, Error: store.OneLine(cause), Full: true})
		_ = r.queue.finish(t, true) // may want room, too
		return fmt.Errorf("experiments: %w (%s)", ErrFull, store.OneLine(cause))
	}
	again := cause != nil && t.tried < attempts && !(errors.As(cause, &failed) && failed.final)
	if cause != nil {
		event := worker.Event{Kind: worker.KindFailed, Cell: t.Hash, Title: t.Title, Worker: number, Error: store.OneLine(cause)}
		if again {
			event.Kind = worker.KindRetry
		}
		r.tell(event)
	}
	var err error
	r.mu.Lock()
	switch {
	case cause == nil:
		r.outcome.Trained++
	case !again:
		failure := store.Failure{Cell: t.Hash, Title: t.Title, Error: store.OneLine(cause)}
		r.outcome.Failed = append(r.outcome.Failed, failure)
		if r.Shared != nil {
			err = r.Store.NoteFailure(r.Shared.Plan, failure, failed != nil && failed.final)
		}
	}
	r.mu.Unlock()
	return errors.Join(err, r.queue.finish(t, again))
}

// isClosed says whether a channel that only is closed is.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// mostPerProcess is how many models one process trains on a GPU at a time, each on
// a stream of its own: libtorch has so many.
const mostPerProcess = 32

// PerProcess is how many of so many workers have a process in common. On a CPU each
// has its own, so that a fault costs one cell alone. On a GPU a process takes memory
// before its first model (sharedDeviceMemory), and the work of several processes
// takes turns where that of one runs side by side.
func PerProcess(device string, workers int) int {
	if device == hardware.CPU.String() {
		return 1
	}
	processes := (workers + mostPerProcess - 1) / mostPerProcess
	return (workers + processes - 1) / max(1, processes)
}
