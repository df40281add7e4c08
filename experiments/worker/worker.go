package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"backfire/datasets"
	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/hardware"
)

// Job asks a worker to train one cell.
type Job struct {
	Cell   cell.Cell       `json:"cell"`
	Source datasets.Source `json:"source"` // where the images of Cell.Data lie here
	Dir    string          `json:"dir"`    // empty directory for the files of the result
	// Measure asks for the speed of steps on noise in place of training, until the
	// worker is to leave off; images and files have no part in it.
	Measure bool `json:"measure,omitempty"`
	// Checkpoint is where the training's checkpoint lies, if there is one, and
	// is written to after each epoch; empty: nowhere.
	Checkpoint string `json:"checkpoint"`
	// States is the directory of the states that several cells go on from; empty:
	// there is none.
	States string `json:"states,omitempty"`
	// Leave says that others go on from the trained model.
	SavesState bool   `json:"leave,omitempty"`
	Device     string `json:"device"`  // auto, cpu, cuda or cuda:K
	Threads    int    `json:"threads"` // of the CPU, at least 1
	// Predict names a stored model (ModelFile) that is to predict the probes of
	// the cell, in place of training one: the classes go to PredictionsFile in
	// Dir, and what predicted them to EnvironmentFile.
	Predict string `json:"predict,omitempty"`
	// Ask is what that model is asked in place of the probes; the answers go to a
	// file in Dir. Only similarities need images in Source.
	Query *Query `json:"ask,omitempty"`
	// Artefacts are to be written beside the files that every result has.
	Artefacts store.Artefacts `json:"artefacts"`
}

// Order is what a worker process reads from its standard input, one JSON value
// per line: it gives one of the process's workers a job, or has that worker leave
// off the one it has.
type Order struct {
	Worker int  `json:"worker"`        // from 1; its events name it
	Job    *Job `json:"job,omitempty"` // nil: leave off
}

// Worker is what a worker process does: its workers train one cell after another,
// each on a thread of its own, side by side. Dataset, deal and stamped images of
// the last cell are kept for the next one.
type Worker struct {
	Engine  Engine
	Load    cell.Loader
	Program store.Build // for environment.json

	sharing sync.Mutex
	source  datasets.Source
	set     *datasets.Set
	last    *GameCache
}

// Run takes orders from in and writes events to out, one JSON value per line,
// until in ends. The end of in means that nobody waits for results any more: Run
// returns at once, even if trainings are still running in the background, and
// the caller is expected to end the process. The result is an error only if
// in holds something else than orders or out cannot be written.
func (w *Worker) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	end := func(err error) {
		select {
		case ended <- err:
		default: // it has an end already
		}
	}
	emit := &emitter{encoder: json.NewEncoder(out), broken: end}
	go func() { end(w.obey(ctx, in, emit)) }()
	select {
	case err := <-ended:
		if errors.Is(err, io.EOF) {
			return nil
		}
		return fmt.Errorf("experiments: worker: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// obey hands orders out to the workers until there are no more.
func (w *Worker) obey(ctx context.Context, in io.Reader, emit *emitter) error {
	workers := map[int]*workerLoop{}
	for decoder := json.NewDecoder(in); ; {
		var order Order
		if err := decoder.Decode(&order); err != nil {
			return err
		}
		own := workers[order.Worker]
		switch {
		case order.Worker < 1:
			return fmt.Errorf("an order for worker %d", order.Worker)
		case order.Job != nil && own == nil:
			own = &workerLoop{jobs: make(chan func(), 1)}
			workers[order.Worker] = own
			go own.work(ctx)
		}
		if own != nil && own.leave != nil {
			own.leave() // does nothing once that job is done
		}
		if order.Job == nil {
			continue
		}
		var mine context.Context
		mine, own.leave = context.WithCancel(ctx)
		own.jobs <- func() { w.do(mine, *order.Job, emit.of(order.Worker)) }
	}
}

// bench is where one worker of a process works.
type workerLoop struct {
	jobs  chan func()
	leave context.CancelFunc // leaves off the last job; nil before the first
}

// work does one job after another. It stays on one thread: libraries keep
// workspaces for each that they are called from.
func (b *workerLoop) work(ctx context.Context) {
	runtime.LockOSThread()
	for {
		select {
		case job := <-b.jobs:
			job()
		case <-ctx.Done():
			return
		}
	}
}

// do does one job.
func (w *Worker) do(ctx context.Context, job Job, send func(Event)) {
	hash, err := job.Cell.Hash()
	tell := func(e Event) {
		e.Cell = hash
		send(e)
	}
	switch {
	case err != nil:
	case job.Measure:
		err = w.measure(ctx, job, tell)
	case job.Query != nil:
		err = w.ask(ctx, job)
	case job.Predict != "":
		err = w.predict(ctx, job)
	default:
		err = w.train(ctx, job, tell)
	}
	if err == nil {
		tell(Event{Kind: KindDone})
	} else {
		tell(Event{Kind: KindFailed, Error: err.Error(), Final: isFinal(err), Full: disk.IsFull(err)})
	}
}

// emitter writes the events of all workers, until that fails.
type emitter struct {
	broken func(error) // hears why

	mu      sync.Mutex
	encoder *json.Encoder
}

// of is what sends the events of a worker.
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

// isFinal says whether another attempt at a cell would fail in the same way.
func isFinal(err error) bool {
	for _, final := range []error{
		ErrDiverged, cell.ErrOtherData, cell.ErrPlan, ErrOptions, hardware.ErrDevice, defenses.ErrPolicy, defenses.ErrCollision,
	} {
		if errors.Is(err, final) {
			return true
		}
	}
	return false
}
