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
	queue queue

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
	workers := max(1, min(r.Workers, cells-stored))
	begun := worker.Event{Kind: worker.KindPlan, Cells: cells, Stored: stored, Workers: workers, TotalImages: images}
	if cells > stored {
		begun.IdleCores = r.idle(workers, runtime.GOMAXPROCS(0))
	}
	r.report(begun)
	r.queue.refuse()
	failure := r.runSlots(ctx, workers)
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

// runSlots runs so many workers until the queue is empty. The first that cannot continue stops the
// others; its error is returned.
func (r *run) runSlots(ctx context.Context, workers int) error {
	shared, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var slots sync.WaitGroup
	var group *workerGroup
	pinning := NewPinning(r.Device, workers, r.Threads)
	for i := range workers {
		if size := max(1, r.PerProcess); i%size == 0 {
			group = newWorkerGroup(min(size, workers-i), func() (*Process, error) { return r.start(pinning.Cores(i)) })
		}
		own := group
		slots.Go(func() {
			if err := r.slot(shared, i+1, own); err != nil {
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

// slot is the life of one worker: it trains one cell after another in the process of its group.
func (r *run) slot(ctx context.Context, number int, group *workerGroup) error {
	defer group.close()
	for {
		t, err := r.queue.next(ctx, r.Leave)
		if t == nil {
			return err
		}
		kind := kindOf(t.Cell)
		process, err := group.acquire(kind)
		if err != nil {
			return errors.Join(err, r.queue.finish(t, true))
		}
		cause := r.train(ctx, process, number, t)
		var failed *failedAttempt
		group.release(process, kind, cause != nil && !(errors.As(cause, &failed) && failed.final))
		if ctx.Err() != nil && cause != nil {
			return errors.Join(ctx.Err(), r.queue.finish(t, true))
		}
		if errors.Is(cause, launcher.ErrEngine) {
			return errors.Join(cause, r.queue.finish(t, true)) // any other cell would fail in the same way
		}
		if errors.Is(cause, errLeft) {
			return r.queue.finish(t, true)
		}
		if err := r.recordAttempt(t, number, cause); err != nil {
			return err
		}
	}
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
func (r *run) recordAttempt(t *attempt, number int, cause error) error {
	var failed *failedAttempt
	if errors.Is(cause, store.ErrLost) {
		t.tried-- // another process has the cell now
	}
	if disk.IsFull(cause) || errors.As(cause, &failed) && failed.full {
		r.report(worker.Event{Kind: worker.KindRetry, Cell: t.Hash, Title: t.Title, Worker: number, Error: store.OneLine(cause), Full: true})
		_ = r.queue.finish(t, true) // may need room, too
		return fmt.Errorf("runner: %w (%s)", ErrFull, store.OneLine(cause))
	}
	retry := cause != nil && t.tried < maxAttempts && !(errors.As(cause, &failed) && failed.final)
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
