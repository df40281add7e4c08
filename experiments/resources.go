package experiments

import "runtime"

// Resources resolves workers and threads, where 0 means "choose": one worker per
// core, as far as they fit into the memory that is free, each with one thread.
//
// On a CPU one thread each is the fastest way to train several models, and
// results do not depend on the machine then. On a GPU a model of the paper's
// size and batch leaves most of the device idle, waiting for the core that
// launches its kernels: as many are trained at a time as there are cores to do so,
// bounded by the device's memory (and the machine's).
//
// device is resolved: cpu or cuda:K. deviceFree is the free memory of a GPU in
// bytes; 0: not known, and one model is trained at a time. cells are what is to
// be trained.
func Resources(device string, deviceFree int64, workers, threads int, cells []Cell) (int, int) {
	if workers == 0 {
		workers = chosenWorkers(device, deviceFree, runtime.GOMAXPROCS(0), availableMemory(), cells)
	}
	return workers, max(1, threads)
}

// chosenWorkers is the number of workers for a device on a machine with so many
// cores and so much available memory (bytes; 0: not known).
func chosenWorkers(device string, deviceFree int64, cores int, available int64, cells []Cell) int {
	switch {
	case device == "cpu":
		return fitting(cores, cells, available, Cell.workerMemory)
	case deviceFree <= 0:
		return 1
	default:
		return fitting(fitting(cores, cells, available, Cell.hostMemory), cells, deviceFree, Cell.deviceMemory)
	}
}
