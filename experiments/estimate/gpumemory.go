package estimate

import (
	"backfire/experiments/cell"
)

// What the memory of models on a GPU depends on. Training set, maps and
// parameters are counted; the rest are allowances, set rather too high, and not
// fitted to measurements as those of a CPU are.
const (
	// contextMemory is what CUDA takes in each process before the first tensor:
	// its context, libtorch's kernels as they are loaded, and the workspaces of
	// cuBLAS and cuDNN.
	contextMemory = 1 << 30
	// deviceWorkspace is what a step takes on a device over what it keeps: the
	// gradients of the maps, the convolutions' workspaces, and what the caching
	// allocator holds in pieces of another size.
	deviceWorkspace = 2
	// deviceCopies are the copies of the parameters on a device: weights,
	// gradients, up to two states of the optimiser, and one on its way into a
	// checkpoint.
	deviceCopies = 5
	// predictionMaps is how many maps of the first stage's size are alive in a
	// prediction, each for predictionBatch images.
	predictionMaps  = 4
	predictionBatch = 100
)

// deviceMemory is about what a model takes of a GPU's memory while it is trained,
// in bytes: the training set (as bytes), what a step or a prediction works with, and
// the parameters.
func deviceMemory(c cell.Cell) int64 {
	data := float64(c.Data.Shape.Size()) * float64(c.TrainingRows(len(c.Game.Attackers)))
	prediction := predictionMaps * predictionBatch * float32Bytes * float64(c.Model.Width) * float64(c.Data.Shape.Plane())
	steps := deviceWorkspace * keptMaps(c) * float64(c.DefenseStack().Treatments()) // each is recorded with memory of its own
	return int64(data + max(steps, prediction) + deviceCopies*parameters(c))
}

// sharedDeviceMemory is what the models of one process have in common there: CUDA
// itself.
func sharedDeviceMemory(cell.Cell) int64 { return contextMemory }

// hostMemory is about what a model on a GPU adds to the largest resident set of its
// process, in bytes.
func hostMemory(c cell.Cell) int64 { return int64(ownMemory(c)) }

// sharedHostMemory is what the models of one process have in common there: program,
// dataset, and the libraries of CUDA and of libtorch for it, again an allowance.
func sharedHostMemory(c cell.Cell) int64 {
	const libraries = 3 << 30
	return int64(commonMemory(c) + libraries)
}
