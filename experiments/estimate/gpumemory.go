package estimate

import "backfire/experiments/cell"

// The constants of the memory of models on a GPU. Training set, feature maps and parameters are
// counted; the rest are allowances, set rather too high, and not fitted to measurements as those of
// a CPU are.
const (
	// contextMemory is the memory that CUDA takes in each process before the first tensor, in
	// bytes: its context, libtorch's kernels as they are loaded, and the workspaces of cuBLAS and
	// cuDNN.
	contextMemory = 1 << 30
	// deviceWorkspace is the memory of a step on a device as a multiple of the kept maps. It covers
	// the gradients of the maps, the convolutions' workspaces, and the memory that the caching
	// allocator holds in pieces of another size.
	deviceWorkspace = 2
	// extraCopies is the number of copies of the parameters on a device beside the state of the
	// training and the copy of it that is on its way into a checkpoint: the gradients.
	extraCopies = 1
	// predictionMaps is the number of maps of the network's first stage that are alive in a
	// prediction, each for predictionBatch images.
	predictionMaps  = 4
	predictionBatch = 100
)

// deviceMemory estimates the memory of a GPU that a model takes while it is trained, in bytes: the
// training set (as bytes), the working memory of a step or a prediction, and the parameters.
func deviceMemory(c cell.Cell) int64 {
	data := float64(c.Data.Shape.Size()) * float64(c.TrainingRows(c.Game.SeatCount()))
	prediction := predictionMaps * predictionBatch * float32Bytes * float64(c.Model.Width) * float64(c.Data.Shape.Plane())
	steps := deviceWorkspace * keptMaps(c) * float64(c.DefenseStack().Treatments()) // each treatment is recorded with memory of its own
	return int64(data + max(steps, prediction) + (2*stateCopies(c)+extraCopies)*parameters(c))
}

// sharedDeviceMemory estimates the memory of a GPU that the models of one process share, in bytes:
// that of CUDA itself.
func sharedDeviceMemory(cell.Cell) int64 { return contextMemory }

// hostMemory estimates what a model on a GPU adds to the largest resident set of its process, in
// bytes: its own memory, and the training set and probes of the one that is prepared while it trains.
func hostMemory(c cell.Cell) int64 { return int64(ownMemory(c) + preparedMemory(c)) }

// sharedHostMemory estimates the part of the resident set that the models of one process on a GPU
// share, in bytes: program, dataset, and the libraries of CUDA and of libtorch for CUDA, again an
// allowance.
func sharedHostMemory(c cell.Cell) int64 {
	const libraries = 3 << 30
	return int64(commonMemory(c) + libraries)
}
