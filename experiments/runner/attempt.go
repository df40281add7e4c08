package runner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/launcher"
	"backfire/stats"
)

// maxAttempts is how often a cell is tried in one run.
const maxAttempts = 2

// attempt is the work on one task in a run.
type attempt struct {
	*plan.Task     // of the worklist, which all that work on it share
	rank       int // in the order of the worklist
	tried      int
	crowded    int           // attempts that failed because their device had no memory left
	pause      time.Duration // before a cell that another process holds is examined again
	lookedAt   time.Time     // when it was examined
	prepared   *prepared     // where its images are prepared; nil: nowhere
	claim      *store.Claim  // while this run holds it
	stored     string        // directory of a stored result that lacks artefacts which take no training
	result     *store.Result // once this run has stored it
}

// errLeft reports that a training was stopped because Runner.Leave is closed, and that its
// checkpoints are written.
var errLeft = errors.New("left after a checkpoint")

// failedAttempt is the failure of a training as its worker reported it.
type failedAttempt struct {
	cause  error
	final  bool // a retry would fail in the same way
	full   bool // the disk or the quota is full
	memory bool // the device had no memory left
}

func (f *failedAttempt) Error() string { return f.cause.Error() }

func (f *failedAttempt) Unwrap() error { return f.cause }

// train has a worker of a process train a cell and stores the result. An error means that the
// attempt failed. In either case the worker no longer works on the cell when train returns.
func (r *run) train(ctx context.Context, process *Process, number int, device *deviceState, group *workerGroup, t *attempt) error {
	request, err := r.request(t, device.Device)
	if err != nil {
		return err
	}
	assignment := process.Assign(number, request)
	defer assignment.end()
	r.cores.begin(number, process, t.Cell)
	defer r.cores.end(number)
	return r.follow(ctx, assignment, device, group, t)
}

// request returns the request for a cell that this run has claimed, on a device.
func (r *run) request(t *attempt, device string) (worker.Train, error) {
	dir, err := t.claim.Dir()
	if err != nil {
		return worker.Train{}, err
	}
	checkpoint, err := t.claim.Checkpoint()
	if err != nil {
		return worker.Train{}, err
	}
	states, err := r.Store.States()
	if err != nil {
		return worker.Train{}, err
	}
	stored := ""
	if t.stored != "" {
		if stored, err = filepath.Abs(t.stored); err != nil {
			return worker.Train{}, err
		}
	}
	base, err := r.storedBase(t)
	if err != nil {
		return worker.Train{}, err
	}
	return worker.Train{
		Setup:  worker.Setup{Cell: t.Cell, Device: device, Threads: r.Threads, Module: r.Store.ModulePath(t.Cell)},
		Source: t.Source, Weights: t.Weights, Program: t.Program, Dir: dir, Artefacts: t.Artefacts.Of(t.Cell),
		Stored: stored, Checkpoint: checkpoint, CheckpointEvery: r.CheckpointEvery, Base: base, States: states, SavesState: t.SavesState,
	}, nil
}

// storedBase returns the directory of the stored result, with its model, of the cell that a task starts from;
// empty if there is none.
func (r *run) storedBase(t *attempt) (string, error) {
	if t.After == "" {
		return "", nil
	}
	record, err := r.Store.Glance(t.After)
	if err != nil || !record.Artefacts().Model {
		return "", nil //nolint:nilerr // the task does without
	}
	return filepath.Abs(record.Dir)
}

// follow passes on the events of a training until it ends, and stores its result.
func (r *run) follow(ctx context.Context, assignment *Assignment, device *deviceState, group *workerGroup, t *attempt) error {
	process, stage, leaving := assignment.process, "before it began", false
	dog := r.newWatchdog(process)
	check := time.NewTimer(dog.left())
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.claim.Lost():
			return fmt.Errorf("%s: %w", stage, store.ErrLost)
		case <-check.C:
			if dog.hangs() {
				process.kill()
				return fmt.Errorf("%s: the worker process hangs: no event for %s", stage, dog.silent().Round(time.Second))
			}
			check.Reset(dog.left())
		case <-process.Ended:
			end := process.ExitError()
			if errors.Is(end, launcher.ErrEngine) {
				return end
			}
			return fmt.Errorf("%s: %w", stage, errors.Join(end, assignment.Sent))
		case event := <-assignment.Events:
			dog.feed()
			check.Reset(dog.left())
			event.Title = t.Title
			switch event.Kind {
			case worker.KindDone:
				if leaving { // it was quicker than the order to stop
					return errLeft
				}
				return r.commit(t, event)
			case worker.KindFailed:
				if leaving && event.Stopped {
					return errLeft
				}
				return &failedAttempt{errors.New(event.Error), event.Final, event.Full, event.OutOfMemory}
			case worker.KindPhase:
				stage = fmt.Sprintf("in phase %s", event.Phase)
			case worker.KindStarted:
				r.prepareNext(assignment, device, group, t)
			case worker.KindEpoch:
				r.prepareNext(assignment, device, group, t)
				stage = fmt.Sprintf("after epoch %d of %d", event.Epoch, event.Epochs)
				device.epochDone()
			}
			r.report(event)
			// A checkpoint that is due is taken before its epoch is reported, and written before the worker
			// reports that it has stopped. After the last epoch little is left, and the model is scored.
			if event.Kind == worker.KindEpoch && event.Epoch < event.Epochs && isClosed(r.Leave) {
				leaving = true
				assignment.stop()
			}
		}
	}
}

// newWatchdog returns the watchdog of a training in a process.
func (r *run) newWatchdog(process *Process) *watchdog {
	patience, now := r.Patience, r.now
	if patience == 0 {
		patience = defaultPatience
	}
	if now == nil {
		now = time.Now
	}
	return newWatchdog(patience, process.used, now)
}

// commit stores the result that a worker has written, and reports it.
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
		CleanImages:     record.Result.CleanAccuracy.Of,
		ASR:             record.Result.ASR.Mean,
		ASRImages:       record.Result.AttackersImages(),
		Seconds:         record.Result.Provenance.TotalSeconds,
		ImagesPerSecond: record.Result.Provenance.ImagesPerSecond,
	}
	r.report(event)
	return nil
}
