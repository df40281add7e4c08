package estimate

import (
	"runtime"

	"backfire/experiments/cell"
	"backfire/internal/hardware"
)

// Resources resolves workers and threads, where 0 means "choose": one worker per
// core, as far as they fit into the memory that is free, each with one thread.
//
// On a CPU one thread each is the fastest way to train several models. It is one
// thread also where there are fewer models than cores: another number gives other
// bits (docs/reliability.md), and results must not depend on the machine unasked.
// On a GPU a model of the paper's size and batch leaves most of the device idle,
// and a recorded step takes little of a core: the number is the most that is worth
// a try, bounded by the device's memory (and the machine's); Estimator.Choose finds
// out how many pay.
//
// device is resolved: cpu or cuda:K. deviceFree is the free memory of a GPU in
// bytes; 0: not known, and one model is trained at a time. cells are what is to
// be trained.
func Resources(device string, deviceFree int64, workers, threads int, cells []cell.Cell) (int, int) {
	if workers == 0 {
		workers = chosenWorkers(device, deviceFree, runtime.GOMAXPROCS(0), availableMemory(), cells)
	}
	return workers, max(1, threads)
}

// leastOnGPU is how many models are worth a try on a GPU, however few cores there
// are to launch their steps.
const leastOnGPU = 8

// chosenWorkers is the number of workers for a device on a machine with so many
// cores and so much available memory (bytes; 0: not known).
func chosenWorkers(device string, deviceFree int64, cores int, available int64, cells []cell.Cell) int {
	switch {
	case device == hardware.CPU.String():
		return fitting(cores, cells, available, workerMemory, nil)
	case deviceFree <= 0:
		return 1
	default:
		most := fitting(max(cores, leastOnGPU), cells, available, hostMemory, sharedHostMemory)
		return fitting(most, cells, deviceFree, deviceMemory, sharedDeviceMemory)
	}
}
