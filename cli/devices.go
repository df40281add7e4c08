package cli

import (
	"cmp"
	"context"
	"runtime"
	"time"

	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/internal/hardware"
)

// checkpointEvery is the shortest time between two checkpoints on a GPU, where an epoch takes seconds
// and a model of the paper's size writes 90 MB for each.
const checkpointEvery = time.Minute

// runner returns the runner of a sweep and the estimator of its speed. On GPUs the
// number of models that train at the same time is measured once for each kind of GPU,
// unless it is configured; the estimator describes the first GPU. shared reports whether
// other hosts train from the same store.
func (t *training) runner(ctx context.Context, sweep *plan.Sweep, shared bool) (*runner.Runner, estimate.Estimator, error) {
	r := &runner.Runner{Store: t.store, Command: t.opts.Worker, CommandLine: t.opts.CommandLine}
	kinds := map[string]estimate.Estimator{} // by the name of the GPU
	var first estimate.Estimator
	for i, device := range t.devices {
		name := device.String()
		if device != hardware.CPU {
			name = t.libtorch.GPUs[device].Name
		}
		e, known := kinds[name]
		if !known {
			var err error
			if e, err = t.estimator(ctx, device, sweep, shared); err != nil {
				return nil, e, err
			}
			kinds[name] = e
		}
		if i == 0 {
			first = e
			r.Device, r.Workers, r.PerProcess, r.Threads = e.Device, e.Workers, e.PerProcess, e.Threads
		}
		if len(t.devices) > 1 {
			r.Devices = append(r.Devices, runner.DeviceWorkers{Device: device.String(), Workers: e.Workers, PerProcess: e.PerProcess})
		}
	}
	if t.number == hardware.CPU && t.cfg.Threads == 0 {
		r.Cores = cmp.Or(t.cfg.Workers, runtime.GOMAXPROCS(0))
	} else if t.number != hardware.CPU {
		r.CheckpointEvery = checkpointEvery
	}
	first.Devices = len(t.devices)
	return r, first, nil
}

// estimator returns the estimator of a device, with the number of models that train on it
// at the same time.
func (t *training) estimator(ctx context.Context, device hardware.Device, sweep *plan.Sweep, shared bool) (estimate.Estimator, error) {
	var free int64
	if device != hardware.CPU {
		free = t.libtorch.GPUs[device].Free
		for _, other := range t.devices { // of this kind, the one with the least
			if gpu := t.libtorch.GPUs[other]; gpu.Name == t.libtorch.GPUs[device].Name {
				free = min(free, gpu.Free)
			}
		}
	}
	workers, threads := estimate.Resources(device.String(), free, len(t.devices), t.cfg.Workers, t.cfg.Threads, sweep.Cells)
	e := estimate.Estimator{
		Engine: t.engine, Store: t.store, Command: t.opts.Worker, Device: device.String(),
		Workers: workers, PerProcess: runner.PerProcess(device.String(), workers), Threads: threads,
		Tell: func(message string) { tell(t.opts.IO.ErrOut, "%s\n", message) },
	}
	if t.cfg.Workers != 0 || device == hardware.CPU {
		return e, nil
	}
	return t.opts.Choose(ctx, e, sweep, shared)
}
