package runner

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
)

var (
	// ErrInterrupted reports that a run was stopped before its end. What it had finished is stored;
	// the same run resumes from there.
	ErrInterrupted = errors.New("interrupted")
	// ErrFull reports that the store accepts no more files: the disk is full, or the quota is used
	// up.
	ErrFull = errors.New("the store's disk or quota is full; make room and repeat the command: stored results are kept")
)

// defaultPoll is Runner.Poll where it is not set.
const defaultPoll = 500 * time.Millisecond

// Runner trains the cells that a store lacks. Its fields must not change during a run.
type Runner struct {
	Store  *store.Store
	Source datasets.Source // of the images of Run's cells

	Artefacts store.Artefacts // that Run's cells are to have

	CommandLine string // that asked for RunSweep's sweep, noted in the store; may be empty

	// Command makes the command of a worker process, which runs a worker.Worker:
	// launcher.Launcher.Worker. It is called once per process.
	Command func() (*exec.Cmd, error)

	Device  string // auto, cpu, cuda or cuda:K
	Workers int    // models at a time, at least 1
	Threads int    // of the CPU, per worker, at least 1
	// Cores is the number of cores of the machine that trainings on the CPU share: those of workers
	// that have nothing to train go to the others where that changes no bit (cell.Cell.Native). 0:
	// each training has Threads.
	Cores int
	// PerProcess is the number of workers that share a process, see the function PerProcess. 0 is
	// taken as 1.
	PerProcess int
	// Devices, if there are any, take the place of Device, Workers and PerProcess: models are
	// trained on several devices at a time, each by processes of its own. A device whose processes
	// fail one after another is given up while others are left.
	Devices []DeviceWorkers

	// CheckpointEvery is the shortest time between two checkpoints of a training; 0: one is written
	// after each epoch. What is trained after the last one is trained once more if the training is
	// interrupted.
	CheckpointEvery time.Duration

	// Observer, if not nil, receives the events of the run, one at a time.
	Observer worker.Observer
	// Poll is the first pause before a cell that another process trains is examined again; pauses
	// grow to 16 times as much. 0: half a second.
	Poll time.Duration
	// Patience is how long a worker may report nothing while its process does not use the
	// processor. After that the worker is taken to hang: its process is killed and its cells are
	// retried. Where the process is busy, perhaps for other workers, a worker may report nothing
	// for ten times as long. 0: ten minutes.
	Patience time.Duration

	// Shared lets the runner share its cells with runners on other hosts. Nil: the store is used by
	// this host's few runners only.
	Shared *SharedRun
	now    func() time.Time // the clock that detects hanging workers; nil: time.Now

	// Leave, once closed, makes the runner take no more cells and stop each training after its current
	// epoch. Nil: it runs to the end.
	Leave <-chan struct{}
}

// Outcome counts what became of the cells of a run.
type Outcome struct {
	Cells   int             // requested, as far as results have decided that
	Stored  int             // of those, stored before the run, or by other runners during it
	Trained int             // by this run
	Left    int             // with Runner.Shared: cells that no runner had trained, given up or claimed at the end
	Failed  []store.Failure // given up after their attempts, or games that cannot be played with the kept triggers
	// Missing are the models without a result at the end, as far as the runner knows; those that it
	// failed to train have the cause as their Detail. With Runner.Shared, where no such model is
	// left to train, every result was read to find the damaged ones.
	Missing []plan.Missing
}

// Run trains the cells that are not stored yet, in order, each at most twice. The cells must be
// distinct, and their images those of Source. One cell's failure does not stop the others: it is
// part of the outcome.
//
// The error wraps ErrInterrupted and the cause when ctx ends first, ErrFull where the disk is full,
// and launcher.ErrEngine where no worker can run. Other errors mean that the store or the workers
// cannot be used.
func (r *Runner) Run(ctx context.Context, cells []cell.Cell) (*Outcome, error) {
	workload, err := plan.NewFixed(cells, r.Source, r.Artefacts)
	if err != nil {
		return nil, err
	}
	return r.run(ctx, workload)
}

// RunSweep trains the cells that a sweep asks for, as Run does: first those that are decided, then
// those that results decide. Each point has its own images; Source and Artefacts are not used. The
// cells are noted in the store until End, so that their states and checkpoints are kept. With Shared,
// all results are read before the run ends, and damaged ones are trained anew.
func (r *Runner) RunSweep(ctx context.Context, sweep *plan.Sweep) (outcome *Outcome, err error) {
	noted, err := newRecorded(ctx, sweep, r.Store, r.CommandLine)
	if err != nil {
		return nil, err
	}
	release, err := r.Store.HoldRun(noted.note.Sweep)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if r.Shared != nil {
		return r.runShared(ctx, noted)
	}
	return r.run(ctx, noted)
}

// run trains a workload.
func (r *Runner) run(ctx context.Context, workload plan.Workload) (*Outcome, error) {
	run := &run{Runner: r, outcome: &Outcome{}}
	outcome, err := run.work(ctx, workload)
	if disk.IsFull(err) {
		err = fmt.Errorf("runner: %w (%s)", ErrFull, store.OneLine(err))
	}
	return outcome, err
}

// poll returns the first pause.
func (r *Runner) poll() time.Duration {
	if r.Poll == 0 {
		return defaultPoll
	}
	return r.Poll
}

// observe passes an event to the observer, if there is one.
func (r *Runner) observe(e worker.Event) {
	if r.Observer != nil {
		r.Observer.Observe(e)
	}
}

// openQueue makes the queue of a run: its own, or one that it shares with other runners.
func (r *Runner) openQueue(workload plan.Workload, report func(worker.Event)) (queue, error) {
	poll := r.poll()
	if r.Shared != nil {
		return newSharedQueue(diskStore{r.Store}, longestFirst{workload}, poll, *r.Shared, report)
	}
	if err := r.Store.Tidy(); err != nil {
		return nil, err
	}
	return newAloneQueue(diskStore{r.Store}, workload, poll, report)
}

// isClosed reports whether a channel, on which nothing is sent, is closed.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
