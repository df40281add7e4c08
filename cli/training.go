package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"backfire/cli/console"
	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/hardware"
	"backfire/internal/words"
	"backfire/launcher"
)

// training holds what all commands that train models share: the device, the store, and
// the steps from planning to the final error.
type training struct {
	opts     *RunOptions
	cfg      config.Config
	engine   store.EngineInfo
	libtorch hardware.Env
	devices  []hardware.Device // resolved
	number   hardware.Device   // the first of them
	device   string            // its name
	store    *store.Store      // nil before open is called
	board    *console.Board    // nil before open is called, and without --tensorboard
	repeats  repeatLines
}

// newTraining returns a training with the engine and the device of a configuration.
func newTraining(ctx context.Context, opts *RunOptions, cfg config.Config) (*training, error) {
	described, err := opts.Describe(ctx)
	if err != nil {
		return nil, err
	}
	devices, err := hardware.ChooseAll(cfg.Device, described.Libtorch.GPUs, described.Libtorch.Usable())
	if err != nil {
		return nil, err
	}
	return &training{
		opts: opts, cfg: cfg, engine: store.EngineOf(described.Libtorch), libtorch: described.Libtorch,
		devices: devices, number: devices[0], device: devices[0].String(),
	}, nil
}

// open opens the store, if it is not open yet. It is called after the settings have been
// checked, so that refused settings leave no empty store behind.
func (t *training) open() error {
	if t.store != nil {
		return nil
	}
	store, err := store.Open(t.cfg.Store)
	if err != nil {
		return err
	}
	t.store, t.board = store, console.NewBoard(t.opts.TensorBoard, store)
	return nil
}

// chooseDevice returns the device that a name stands for on an engine, the first of several.
func chooseDevice(name string, engine launcher.Description) (hardware.Device, error) {
	devices, err := hardware.ChooseAll(name, engine.Libtorch.GPUs, engine.Libtorch.Usable())
	if err != nil {
		return hardware.CPU, err
	}
	return devices[0], nil
}

// deviceOf returns a function that asks the engine for the device that a name stands
// for.
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

// planError returns an error of planning, as a usage error if the settings cause it.
func planError(err error) error {
	for _, settings := range []error{datasets.ErrSplit, datasets.ErrUnknownDataset, cell.ErrPlan} {
		if errors.Is(err, settings) {
			return &UsageError{Err: err}
		}
	}
	return err
}

// decided returns the points with the precision that train.precision = auto stands for
// on this device, and writes a line about it.
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
	tell(t.opts.IO.ErrOut, "precision auto is %s: %s\n", precision, why)
	return plan.InPrecision(points, precision), nil
}

// planned plans the sweep of the points, refuses one that the device cannot compute,
// and opens the store.
func (t *training) planned(ctx context.Context, points []plan.SweepPoint, primary *plan.Primary) (*plan.Sweep, error) {
	load := plan.Remembering(t.opts.Load)
	points, err := t.decided(ctx, points, load)
	if err != nil {
		return nil, err
	}
	sweep, err := plan.NewSweep(ctx, points, load)
	if err != nil {
		return nil, planError(err)
	}
	sweep.Primary = primary
	return sweep, t.admit(sweep)
}

// admit refuses a sweep that the device cannot compute, and opens the store for others. It
// tells of images that are repeated across the deal.
func (t *training) admit(sweep *plan.Sweep) error {
	if err := t.computes(sweep); err != nil {
		return err
	}
	t.repeats.tell(t.opts.IO, sweep)
	if err := t.open(); err != nil {
		return err
	}
	return sweep.KeepModules(t.store)
}

// computes refuses a sweep with a precision that the device lacks.
func (t *training) computes(sweep *plan.Sweep) error {
	for _, cell := range sweep.Cells {
		for _, device := range t.devices {
			if err := t.libtorch.CheckPrecision(cell.Precision(), device); err != nil {
				return &UsageError{Err: err}
			}
		}
	}
	return nil
}

// choose calls Estimator.ChooseWorkers.
func choose(ctx context.Context, e estimate.Estimator, sweep *plan.Sweep, shared bool) (estimate.Estimator, error) {
	return e.ChooseWorkers(ctx, sweep, shared)
}

// hold does work while the store notes that a run of the sweep is live, so that no file
// of the run is removed as garbage until its summary names its results.
func (t *training) hold(sweep *plan.Sweep, work func() error) error {
	hash, err := sweep.Hash()
	if err != nil {
		return err
	}
	release, err := t.store.HoldRun(hash)
	if err != nil {
		return err
	}
	return errors.Join(work(), release())
}

// notePlan writes the plan of a sweep beside the note of the run, with paths that other processes find, so that
// "backfire serve" can make its tables while it is being trained.
func (t *training) notePlan(ctx context.Context, opts *SweepOptions, file *config.Sweep, sweep *plan.Sweep) error {
	noted, err := plan.NewStoredPlan(sweep, program())
	if err != nil {
		return err
	}
	noted.Table, noted.Name, noted.Title, noted.Preset = string(opts.Kind), file.Name, file.Title, file.Preset
	for i := range noted.Points {
		if err := absolute(&noted.Points[i].Config); err != nil {
			return err
		}
		if noted.Points[i].Verify != nil {
			verify := *noted.Points[i].Verify
			if err := absolute(&verify); err != nil {
				return err
			}
			noted.Points[i].Verify = &verify
		}
	}
	return noted.WriteOpen(ctx, t.store)
}

// run trains, and then shows the outcome, also of an interrupted training. show returns
// the models without a whole result. The error reports an interruption, or is that of
// unfinished.
func (t *training) run(r *runner.Runner, train func() (*runner.Outcome, error),
	show func(outcome *runner.Outcome, interrupted bool) ([]plan.Missing, error),
) error {
	display := t.opts.IO.display(t.opts.JSON, t.opts.Watch)
	r.Observer = worker.ObserverFunc(func(e worker.Event) {
		display.Observe(e)
		t.board.Observe(e)
	})
	outcome, err := train()
	if closing := display.Close(); closing != nil {
		return errors.Join(err, closing, t.board.Close())
	}
	interrupted := errors.Is(err, runner.ErrInterrupted)
	if outcome == nil || err != nil && !interrupted {
		return errors.Join(err, t.board.Close())
	}
	missing, err := show(outcome, interrupted)
	if err := errors.Join(err, t.board.Close()); err != nil {
		return err
	}
	if interrupted {
		return &InterruptedError{Resume: fmt.Sprintf("stored in %s: %d of %s; repeat the command to resume",
			t.store.Dir(), outcome.Stored+outcome.Trained, words.Plural(outcome.Cells, "model"))}
	}
	return unfinished("run", outcome.Cells, missing, outcome.Failed)
}
