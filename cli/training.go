package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/hardware"
	"backfire/launcher"
)

// training is what all commands that train models do alike: they find device
// and store, run, show their progress and end with the same errors.
type training struct {
	opts     *RunOptions
	cfg      config.Config
	engine   store.EngineInfo
	libtorch hardware.Env
	number   hardware.Device // resolved
	device   string          // its name
	free     int64           // bytes of the device's memory; 0: not known, or the CPU
	store    *store.Store    // nil before open
	board    *board          // nil before open, or if none is asked for
}

// newTraining finds engine and device of a configuration.
func newTraining(ctx context.Context, opts *RunOptions, cfg config.Config) (*training, error) {
	described, err := opts.Describe(ctx)
	if err != nil {
		return nil, err
	}
	device, err := chooseDevice(cfg.Device, described)
	if err != nil {
		return nil, err
	}
	t := &training{
		opts: opts, cfg: cfg, engine: store.EngineOf(described.Libtorch), libtorch: described.Libtorch, number: device, device: device.String(),
	}
	if device != hardware.CPU {
		t.free = described.Libtorch.GPUs[device].Free
	}
	return t, nil
}

// open opens the store, unless it is: once it is known that there is something to
// train, so that refused settings leave no empty store behind.
func (t *training) open() error {
	if t.store != nil {
		return nil
	}
	store, err := store.Open(t.cfg.Store)
	if err != nil {
		return err
	}
	t.store, t.board = store, newBoard(t.opts.TensorBoard, store)
	return nil
}

// chooseDevice returns the device that a name means to an engine.
func chooseDevice(name string, engine launcher.Description) (hardware.Device, error) {
	return hardware.Choose(name, len(engine.Libtorch.GPUs), engine.Libtorch.Variant)
}

// deviceOf returns what asks the engine for the device that a name means, once it
// is needed.
func deviceOf(name string, describe func(context.Context) (launcher.Description, error)) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		described, err := describe(ctx)
		if err != nil {
			return "", err
		}
		device, err := chooseDevice(name, described)
		return device.String(), err
	}
}

// planError marks what is wrong with the settings as a usage error.
func planError(err error) error {
	for _, settings := range []error{datasets.ErrSplit, datasets.ErrUnknownDataset, cell.ErrPlan} {
		if errors.Is(err, settings) {
			return &UsageError{Err: err}
		}
	}
	return err
}

// decided returns the points with what train.precision = auto means here, of which
// it tells.
func (t *training) decided(ctx context.Context, points []plan.SweepPoint, load cell.Loader) ([]plan.SweepPoint, error) {
	if !slices.ContainsFunc(points, plan.SweepPoint.Undecided) {
		return points, nil
	}
	var precision, why string
	if t.number == hardware.CPU {
		err := t.open()
		if err != nil {
			return nil, err
		}
		precision, why, err = estimate.Estimator{
			Engine: t.engine, Store: t.store, Command: t.opts.Worker, Device: t.device, BF16: hardware.CPUBF16(),
		}.ChoosePrecision(ctx, points, load)
		if err != nil {
			return nil, planError(err)
		}
	} else {
		gpu := t.libtorch.GPUs[t.number]
		precision, why = gpu.FastPrecision(), fmt.Sprintf("%s has compute capability %d.%d", gpu.Name, gpu.Compute/10, gpu.Compute%10)
	}
	fmt.Fprintf(t.opts.IO.ErrOut, "precision auto is %s: %s\n", precision, why)
	return plan.InPrecision(points, precision), nil
}

// planned plans the sweep of the points, refuses what the device cannot compute and
// opens the store.
func (t *training) planned(ctx context.Context, points []plan.SweepPoint) (*plan.Sweep, error) {
	load := plan.Remembering(t.opts.Load)
	points, err := t.decided(ctx, points, load)
	if err != nil {
		return nil, err
	}
	sweep, err := plan.NewSweep(ctx, points, load)
	if err != nil {
		return nil, planError(err)
	}
	return sweep, t.admit(sweep)
}

// admit refuses a sweep that the device cannot compute, and opens the store for one
// that it can.
func (t *training) admit(sweep *plan.Sweep) error {
	if err := t.computes(sweep); err != nil {
		return err
	}
	return t.open()
}

// computes refuses a sweep with a precision that the device does not have.
func (t *training) computes(sweep *plan.Sweep) error {
	for _, cell := range sweep.Cells {
		if err := t.libtorch.CheckPrecision(cell.Precision(), t.number); err != nil {
			return &UsageError{Err: err}
		}
	}
	return nil
}

// runner returns what trains a sweep, and what knows how fast. How many models are
// trained at a time on a GPU is measured, unless it is configured. shared says that
// many look at the store at a time.
func (t *training) runner(ctx context.Context, sweep *plan.Sweep, shared bool) (*runner.Runner, estimate.Estimator, error) {
	workers, threads := estimate.Resources(t.device, t.free, t.cfg.Workers, t.cfg.Threads, sweep.Cells)
	e := estimate.Estimator{
		Engine: t.engine, Store: t.store, Command: t.opts.Worker, Device: t.device,
		Workers: workers, PerProcess: runner.PerProcess(t.device, workers), Threads: threads,
		Tell: func(message string) { fmt.Fprintln(t.opts.IO.ErrOut, message) },
	}
	if t.cfg.Workers == 0 && t.device != hardware.CPU.String() {
		var err error
		if e, err = t.opts.Choose(ctx, e, sweep, shared); err != nil {
			return nil, e, err
		}
	}
	return &runner.Runner{
		Store: t.store, Command: t.opts.Worker, Device: t.device, Workers: e.Workers, PerProcess: e.PerProcess, Threads: e.Threads,
		CommandLine: t.opts.CommandLine,
	}, e, nil
}

// choose is Estimator.Choose.
func choose(ctx context.Context, e estimate.Estimator, sweep *plan.Sweep, shared bool) (estimate.Estimator, error) {
	return e.Choose(ctx, sweep, shared)
}

// run trains and then shows what came out, also when it was interrupted. The
// error says if and how it ended before everything was trained.
func (t *training) run(r *runner.Runner, train func() (*runner.Outcome, error),
	show func(outcome *runner.Outcome, interrupted bool) error,
) error {
	display := newProgress(t.opts.IO, t.opts.JSON, t.opts.Watch)
	r.Observer = worker.ObserverFunc(func(e worker.Event) {
		display.Observe(e)
		t.board.Observe(e)
	})
	outcome, err := train()
	if closing := display.close(); closing != nil {
		return errors.Join(err, closing, t.board.close())
	}
	interrupted := errors.Is(err, runner.ErrInterrupted)
	if outcome == nil || err != nil && !interrupted {
		return errors.Join(err, t.board.close())
	}
	if err := errors.Join(show(outcome, interrupted), t.board.close()); err != nil {
		return err
	}
	switch {
	case interrupted:
		return &InterruptedError{Resume: fmt.Sprintf("stored in %s: %d of %s; the same command goes on from there",
			t.store.Dir(), outcome.Stored+outcome.Trained, plural(outcome.Cells, "model"))}
	case len(outcome.Failed) > 0:
		first := outcome.Failed[0]
		return fmt.Errorf("run: %w: %d of %s, first %s: %s", ErrCellsFailed, len(outcome.Failed),
			plural(outcome.Cells, "model"), first.Title, first.Error)
	}
	return nil
}
