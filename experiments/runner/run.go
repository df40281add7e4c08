package runner

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/hardware"
	"backfire/launcher"
)

// run is the state of one run of a Runner.
type run struct {
	*Runner
	queue  queue
	states []*deviceState
	cores  *coreShares

	reporting sync.Mutex

	mu      sync.Mutex
	outcome *Outcome
}

// work trains a workload and returns the outcome.
func (r *run) work(ctx context.Context, workload plan.Workload) (*Outcome, error) {
	var err error
	if r.queue, err = r.openQueue(workload, r.report); err != nil {
		return nil, err
	}
	cells, stored, images := r.queue.counts()
	for _, d := range r.devices() {
		r.states = append(r.states, newDeviceState(d))
	}
	slots := placed(r.states, max(1, cells-stored))
	workers := len(slots)
	begun := worker.Event{Kind: worker.KindPlan, Cells: cells, Stored: stored, Workers: workers, TotalImages: images}
	if cells > stored && r.Cores == 0 {
		begun.IdleCores = r.idle(workers, runtime.GOMAXPROCS(0))
	}
	r.report(begun)
	r.queue.refuse()
	r.cores = newCoreShares(r.Runner, workers)
	failure := r.runSlots(ctx, slots)
	completing := r.queue.complete()
	r.outcome.Cells, r.outcome.Stored, _ = r.queue.counts()
	r.outcome.Failed = append(r.outcome.Failed, r.queue.failures()...)
	if r.outcome.Left, err = r.queue.left(); err != nil {
		return nil, err
	}
	r.outcome.Missing = r.queue.missing(r.outcome.Failed)
	if ctx.Err() != nil {
		return r.outcome, errors.Join(fmt.Errorf("runner: run: %w: %w", ErrInterrupted, ctx.Err()), completing)
	}
	return r.outcome, errors.Join(failure, completing)
}

// runSlots runs a worker on the device of each slot until the queue is empty. The first that cannot
// continue stops the others; its error is returned.
func (r *run) runSlots(ctx context.Context, places []*deviceState) error {
	shared, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var slots sync.WaitGroup
	on, total := map[*deviceState]int{}, map[*deviceState]int{}
	for _, d := range places {
		total[d]++
	}
	groups := map[*deviceState]*workerGroup{}
	pinning := NewPinning(r.states[0].Device, len(places), r.Threads)
	for i, device := range places {
		if size := max(1, device.PerProcess); on[device]%size == 0 {
			members := min(size, total[device]-on[device])
			groups[device] = newWorkerGroup(members, func() (*Process, error) { return r.start(pinning.Cores(i)) })
		}
		on[device]++
		own := groups[device]
		slots.Go(func() {
			if err := r.slot(shared, i+1, device, own); err != nil {
				stop(err)
			}
		})
	}
	slots.Wait()
	return context.Cause(shared)
}

// idle returns how many of the machine's cores have nothing to do while so many workers train on
// the CPU.
func (r *Runner) idle(workers, cores int) int {
	if r.Device != hardware.CPU.String() {
		return 0
	}
	return max(0, cores-workers*max(1, r.Threads))
}

// report passes an event to the observer, one at a time.
func (r *run) report(e worker.Event) {
	r.reporting.Lock()
	defer r.reporting.Unlock()
	r.observe(e)
}

// slot is the life of one worker: it trains one cell after another on its device, in the process
// of its group.
func (r *run) slot(ctx context.Context, number int, device *deviceState, group *workerGroup) error {
	defer group.close()
	defer r.cores.rest(number)
	for device.enter(ctx, r.Leave) {
		more, err := r.trainNext(ctx, number, device, group)
		device.leave()
		if err != nil || !more {
			return err
		}
	}
	return ctx.Err()
}

// trainNext trains the next cell of the queue. It returns false if the worker is to take no more.
func (r *run) trainNext(ctx context.Context, number int, device *deviceState, group *workerGroup) (bool, error) {
	stop := r.cores.waits(number)
	t, err := r.queue.next(ctx, r.Leave, group)
	stop()
	if t == nil {
		return false, err
	}
	kind := kindOf(t.Cell)
	process, err := group.acquire(kind)
	if err != nil {
		return false, errors.Join(err, r.queue.finish(t, true))
	}
	cause := r.train(ctx, process, number, device, group, t)
	var failed *failedAttempt
	group.release(process, kind, cause != nil && !(errors.As(cause, &failed) && failed.final))
	switch {
	case ctx.Err() != nil && cause != nil:
		return false, errors.Join(ctx.Err(), r.queue.finish(t, true))
	case errors.Is(cause, launcher.ErrEngine):
		return false, errors.Join(cause, r.queue.finish(t, true)) // any other cell would fail in the same way
	case errors.Is(cause, errLeft):
		return false, r.queue.finish(t, true)
	}
	return true, r.recordAttempt(t, number, device, process, cause)
}

// start starts a worker process on some cores, on any if there are none.
func (r *run) start(cores []int) (*Process, error) {
	command, err := r.Command()
	if err != nil {
		return nil, err
	}
	return StartProcess(command, cores)
}

// recordAttempt books the end of an attempt: the cell is trained, to be retried, or given up. The
// error wraps ErrFull where the attempt failed because the disk is full.
func (r *run) recordAttempt(t *attempt, number int, device *deviceState, process *Process, cause error) error {
	var failed *failedAttempt
	excused := false // the attempt failed for a reason that is not the cell's
	if errors.As(cause, &failed) && failed.memory {
		excused = r.shrink(t, device)
	} else if cause != nil && !errors.Is(cause, store.ErrLost) && (failed == nil || !failed.final && !failed.full) {
		excused = r.giveUp(t, device, process)
	}
	if errors.Is(cause, store.ErrLost) {
		t.tried-- // another process has the cell now
	}
	if disk.IsFull(cause) || errors.As(cause, &failed) && failed.full {
		r.report(worker.Event{Kind: worker.KindRetry, Cell: t.Hash, Title: t.Title, Worker: number, Error: store.OneLine(cause), Full: true})
		_ = r.queue.finish(t, true) // may need room, too
		return fmt.Errorf("runner: %w (%s)", ErrFull, store.OneLine(cause))
	}
	retry := cause != nil && (excused || t.tried < maxAttempts) && !(errors.As(cause, &failed) && failed.final)
	if cause != nil {
		event := worker.Event{Kind: worker.KindFailed, Cell: t.Hash, Title: t.Title, Worker: number, Error: store.OneLine(cause)}
		if retry {
			event.Kind = worker.KindRetry
		}
		r.report(event)
	}
	var err error
	r.mu.Lock()
	switch {
	case cause == nil:
		r.outcome.Trained++
	case !retry:
		failure := store.Failure{Cell: t.Hash, Title: t.Title, Error: store.OneLine(cause)}
		r.outcome.Failed = append(r.outcome.Failed, failure)
		err = r.queue.noteFailure(failure, failed != nil && failed.final)
	}
	r.mu.Unlock()
	return errors.Join(err, r.queue.finish(t, retry))
}
