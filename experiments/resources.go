package experiments

import "runtime"

// Resources resolves workers and threads, where 0 means "choose": on a CPU
// one worker per core, on a GPU one worker, each with one thread. One thread
// each is the fastest way to train several models on a CPU, and results do not
// depend on the machine then. device is resolved: cpu or cuda:K. cells are what
// is to be trained: on a CPU no more workers are chosen than fit into the memory
// that is free.
func Resources(device string, workers, threads int, cells []Cell) (int, int) {
	if workers == 0 {
		workers = 1
		if device == "cpu" {
			workers = runtime.GOMAXPROCS(0) // knows the limits of containers
			workers = fitting(workers, cells, availableMemory())
		}
	}
	return workers, max(1, threads)
}
