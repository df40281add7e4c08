package cli

import (
	"context"
	"fmt"
	"strings"

	"backfire/internal/hardware"
)

// deviceAuto is the setting that leaves the device to the machine.
const deviceAuto = "auto"

// plansForGPU reports whether the setting auto stands for a GPU here, so that a plan is made
// for one. A machine without an engine, such as a login node, makes no such plan.
func plansForGPU(ctx context.Context, opts *SweepOptions, plan *planned) bool {
	if plan.stored.Points[0].Config.Device != deviceAuto {
		return false // a device that is named is looked for in any case
	}
	described, err := opts.Describe(ctx)
	if err != nil {
		return false
	}
	device, err := chooseDevice(deviceAuto, described)
	return err == nil && device != hardware.CPU
}

// checkGPUs refuses a number of GPUs per task that a plan for a device would not use.
func checkGPUs(gpus int, device string) error {
	single := device == "cuda" || strings.HasPrefix(device, "cuda:") && !strings.Contains(device, ",")
	switch {
	case gpus > 0 && device == hardware.CPU.String():
		return Usagef("submit slurm: --gpus %d, but the plan trains on the processor (device cpu)", gpus)
	case gpus > 1 && single:
		return Usagef("submit slurm: --gpus %d, but the plan trains on one GPU (device %s): plan it with --device auto or all", gpus, device)
	}
	return nil
}

// demandedDevice returns the device of a worker that was promised so many GPUs (0: none was
// promised), with a setting in place of auto. found is the number of GPUs that it finds. It
// refuses auto on a machine without a GPU if the plan was made for one.
func demandedDevice(setting string, gpus, found int, forGPU bool) (string, error) {
	switch {
	case gpus > found:
		return "", fmt.Errorf("worker: --gpus %d: %w: this host has %d that libtorch can use (check nvidia-smi)", gpus, hardware.ErrDevice, found)
	case setting != deviceAuto:
		return setting, nil
	case gpus > 1:
		var numbers []string
		for i := range gpus {
			numbers = append(numbers, fmt.Sprint(i))
		}
		return "cuda:" + strings.Join(numbers, ","), nil
	case forGPU && found == 0:
		return "", fmt.Errorf("worker: device %q: %w: the plan was made for a GPU, and this host has none that libtorch can use; to train on the processor give --device cpu", setting, hardware.ErrDevice)
	}
	return setting, nil
}
