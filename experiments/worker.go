package experiments

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"backfire/datasets"
	"backfire/defenses"
	"backfire/hardware"
)

// Job asks a worker to train one cell. A worker reads jobs from its standard
// input, one JSON value per line.
type Job struct {
	Cell   Cell            `json:"cell"`
	Source datasets.Source `json:"source"` // where the images of Cell.Data lie here
	Dir    string          `json:"dir"`    // empty directory for the files of the result
	// Measure asks for the speed of a few steps on noise in place of training;
	// images and files have no part in it.
	Measure bool `json:"measure,omitempty"`
	// Checkpoint is where the training's checkpoint lies, if there is one, and
	// is written to after each epoch; empty: nowhere.
	Checkpoint string `json:"checkpoint"`
	// States is the directory of the states that several cells go on from; empty:
	// there is none.
	States string `json:"states,omitempty"`
	// Leave says that others go on from the trained model.
	Leave   bool   `json:"leave,omitempty"`
	Device  string `json:"device"`  // auto, cpu, cuda or cuda:K
	Threads int    `json:"threads"` // of the CPU, at least 1
	// Predict names a stored model (ModelFile) that is to predict the probes of
	// the cell, in place of training one: the classes go to PredictionsFile in
	// Dir, and what predicted them to EnvironmentFile.
	Predict string `json:"predict,omitempty"`
	// Ask is what that model is asked in place of the probes; the answers go to a
	// file in Dir. Only similarities need images in Source.
	Ask *Ask `json:"ask,omitempty"`
	// Artefacts are to be written beside the files that every result has.
	Artefacts Artefacts `json:"artefacts"`
}

// Loader loads a dataset; datasets.Load is the one.
type Loader func(context.Context, datasets.Source) (*datasets.Set, error)

// Worker trains one cell after another. It keeps the dataset of the last cell
// for the next one.
type Worker struct {
	Engine  Engine
	Load    Loader
	Program Build // for environment.json

	source datasets.Source
	set    *datasets.Set
}

// Run takes jobs from in and writes events to out, one JSON value per line,
// until in ends. The end of in means that nobody waits for results any more: Run
// returns at once, even if a training is still running in the background, and
// the caller is expected to end the process. The result is an error only if
// in holds something else than jobs or out cannot be written.
func (w *Worker) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	jobs, ended := make(chan Job), make(chan error, 2)
	go func() {
		decoder := json.NewDecoder(in)
		for {
			var job Job
			if err := decoder.Decode(&job); err != nil {
				ended <- err
				return
			}
			select {
			case jobs <- job:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		emit := &emitter{encoder: json.NewEncoder(out)}
		for {
			select {
			case job := <-jobs:
				w.do(ctx, job, emit)
			case <-ctx.Done():
				return
			}
			if err := emit.failed(); err != nil {
				ended <- err
				return
			}
		}
	}()
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

// do does one job.
func (w *Worker) do(ctx context.Context, job Job, emit *emitter) {
	hash, err := job.Cell.Hash()
	tell := func(e Event) {
		e.Cell = hash
		emit.send(e)
	}
	switch {
	case err != nil:
	case job.Measure:
		err = w.measure(ctx, job, tell)
	case job.Ask != nil:
		err = w.ask(ctx, job)
	case job.Predict != "":
		err = w.predict(ctx, job)
	default:
		err = w.play(ctx, job, tell)
	}
	if err == nil && !job.Measure {
		tell(Event{Kind: KindDone})
	}
	if err != nil {
		tell(Event{Kind: KindFailed, Error: err.Error(), Final: isFinal(err), Full: isFull(err)})
	}
}

// emitter writes events and remembers the first error.
type emitter struct {
	mu      sync.Mutex
	encoder *json.Encoder
	err     error
}

func (e *emitter) send(event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = e.encoder.Encode(event)
	}
}

func (e *emitter) failed() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// isFinal says whether another attempt at a cell would fail in the same way.
func isFinal(err error) bool {
	for _, final := range []error{
		ErrDiverged, ErrOtherData, ErrPlan, ErrOptions, hardware.ErrDevice, defenses.ErrPolicy, defenses.ErrCollision,
	} {
		if errors.Is(err, final) {
			return true
		}
	}
	return false
}
