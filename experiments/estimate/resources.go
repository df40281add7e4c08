package estimate

import (
	"runtime"

	"backfire/experiments/cell"
	"backfire/internal/hardware"
)

// Resources returns the number of workers and threads, of which 0 means "choose": one worker per
// core, as far as they fit into the free memory, each with one thread.
//
// On a CPU one thread each is the fastest way to train several models. It is one thread even where
// there are fewer models than cores, because another number gives other bits (docs/reliability.md),
// and results must not depend on the machine unasked. On a GPU a model of the paper's size and
// batch leaves most of the device idle, and a recorded step takes little of a core: the number is
// the largest that is worth a try, bounded by the memory of the device and the machine;
// Estimator.ChooseWorkers finds how many pay.
//
// On several GPUs the numbers are those of each; devices is how many there are.
//
// device is resolved: cpu or cuda:K. deviceFree is the free memory of a GPU in bytes; 0: not known,
// and one model is trained at a time. cells are the cells to train.
func Resources(device string, deviceFree int64, devices, workers, threads int, cells []cell.Cell) (chosenWorkers, chosenThreads int) {
	if workers == 0 {
		share := int64(max(1, devices)) // of the cores and the memory of the machine
		cores := max(1, runtime.GOMAXPROCS(0)/int(share))
		workers = defaultWorkers(device, deviceFree, cores, availableMemory()/share, cells)
	}
	return workers, max(1, threads)
}

// leastOnGPU is the number of models that are worth a try on a GPU, however few cores launch their
// steps.
const leastOnGPU = 8

// defaultWorkers returns the number of workers for a device on a machine with so many cores and so
// much available memory (in bytes; 0: not known).
func defaultWorkers(device string, deviceFree int64, cores int, available int64, cells []cell.Cell) int {
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
