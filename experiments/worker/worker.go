package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"backfire/datasets"
	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/hardware"
	"backfire/internal/program"
)

// Worker carries out the orders of a worker process. Its workers run side by side, each on a thread
// of its own, and each does one request after another. The dataset, the deal and the stamped images
// of the last cell are kept for the next request.
type Worker struct {
	Engine  Engine
	Load    cell.Loader
	Program store.Build // for environment.json
	// Checkpointing, if not nil, is called by the goroutine that writes a checkpoint of a cell after
	// so many epochs: before it writes the draft, and once the draft is complete, before that becomes
	// the checkpoint. Tests halt the writer in it.
	Checkpointing func(cell string, epochs int, drafted bool)

	savers   savers
	prepared preparations
	sharing  sync.Mutex
	source   datasets.Source
	set      *datasets.Set
	last     *gameCache
}

// Run reads orders from in and writes events to out, one JSON value per line, until in ends. The
// end of in means that no process waits for results any more: Run returns once the checkpoints that
// were taken are written, even if trainings still run in the background, and the caller is expected
// to end the process. It returns nil at the end of in, an error if in holds anything but orders or
// out cannot be written, and ctx's error once ctx ends.
func (w *Worker) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	end := func(err error) {
		select {
		case ended <- err:
		default: // another end came first
		}
	}
	emit := &emitter{encoder: json.NewEncoder(out), broken: end}
	go func() { end(w.obey(ctx, in, emit)) }()
	defer w.WaitForCheckpoints()
	defer cancel() // first, so that trainings take no more
	select {
	case err := <-ended:
		if errors.Is(err, io.EOF) {
			return nil
		}
		return fmt.Errorf("worker: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// WaitForCheckpoints returns once no checkpoint of a training of this process waits or is being
// written. It does not wait for those that are taken meanwhile.
func (w *Worker) WaitForCheckpoints() { w.savers.settle() }

// obey hands orders to the workers until there are no more.
func (w *Worker) obey(ctx context.Context, in io.Reader, emit *emitter) error {
	workers := map[int]*workerLoop{}
	for decoder := json.NewDecoder(in); ; {
		var order Order
		if err := decoder.Decode(&order); err != nil {
			return err
		}
		if order.Worker < 1 {
			return fmt.Errorf("order for worker %d: workers are numbered from 1", order.Worker)
		}
		if next, ok := order.Request.(Prepare); ok {
			w.prepare(next)
			continue
		}
		own := workers[order.Worker]
		if change, ok := order.Request.(Threads); ok {
			if own != nil {
				own.threads.Store(int64(change.Threads))
			}
			continue
		}
		if own != nil {
			own.stop() // does nothing once the job is done
		}
		next, ok := order.Request.(job)
		if !ok { // Stop
			continue
		}
		if own == nil {
			own = &workerLoop{jobs: make(chan func(), 1)}
			workers[order.Worker] = own
			go own.work(ctx)
		}
		var jobContext context.Context
		jobContext, own.stop = context.WithCancel(ctx)
		threads := new(atomic.Int64)
		own.threads = threads
		own.jobs <- func() { w.do(jobContext, next, threads, emit.of(order.Worker)) }
	}
}

// workerLoop runs the jobs of one worker of a process.
type workerLoop struct {
	jobs chan func()
	stop context.CancelFunc // abandons the last job
	// threads is the number of threads that the last job is to use, see Threads; 0: that of its
	// request.
	threads *atomic.Int64
}

// work runs one job after another. It stays on one thread, because libraries keep workspaces for
// each thread that calls them.
func (l *workerLoop) work(ctx context.Context) {
	runtime.LockOSThread()
	for {
		select {
		case run := <-l.jobs:
			run()
		case <-ctx.Done():
			return
		}
	}
}

// do carries out one job and reports its end.
func (w *Worker) do(ctx context.Context, next job, threads *atomic.Int64, send func(Event)) {
	hash, err := next.setup().Cell.Hash()
	report := func(e Event) {
		e.Cell = hash
		send(e)
	}
	if err == nil {
		switch request := next.(type) {
		case Train:
			err = w.train(ctx, hash, request, threads, report)
		case Measure:
			err = w.measure(ctx, request, report)
		case Predict:
			err = w.predict(ctx, hash, request)
		case Query:
			err = w.query(ctx, hash, request)
		}
	}
	if err == nil {
		report(Event{Kind: KindDone})
	} else {
		report(Event{
			Kind: KindFailed, Error: err.Error(), Final: isFinal(err), Full: disk.IsFull(err), OutOfMemory: errors.Is(err, ErrMemory),
			Stopped: ctx.Err() != nil && errors.Is(err, context.Canceled),
		})
	}
}

// emitter writes the events of all workers until a write fails.
type emitter struct {
	broken func(error) // is called with that failure

	mu      sync.Mutex
	encoder *json.Encoder
}

// of returns the function that sends the events of a worker.
func (e *emitter) of(worker int) func(Event) {
	return func(event Event) {
		event.Worker = worker
		e.mu.Lock()
		defer e.mu.Unlock()
		if err := e.encoder.Encode(event); err != nil {
			e.broken(err)
		}
	}
}

// isFinal reports whether another attempt at a cell would fail in the same way.
func isFinal(err error) bool {
	for _, final := range []error{
		ErrDiverged, cell.ErrOtherData, cell.ErrPlan, cell.ErrWeights, ErrOptions, hardware.ErrDevice, defenses.ErrPolicy, defenses.ErrCollision, program.ErrProgram,
	} {
		if errors.Is(err, final) {
			return true
		}
	}
	return false
}
