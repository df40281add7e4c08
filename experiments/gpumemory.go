package experiments

// What the device memory of a worker on a GPU depends on. Training set, maps and
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

// deviceMemory is about what a worker process takes of a GPU's memory while it
// trains the cell, in bytes: CUDA itself, the training set (as bytes), what a
// step or a prediction works with, and the parameters.
func (c Cell) deviceMemory() int64 {
	data := float64(c.Data.Shape.Size()) * float64(c.rows(len(c.Game.Attackers)))
	prediction := predictionMaps * predictionBatch * float32Bytes * float64(c.Model.Width) * float64(c.Data.Shape.Plane())
	return int64(contextMemory + data + max(deviceWorkspace*c.keptMaps(), prediction) + deviceCopies*c.parameters())
}

// hostMemory is about the largest resident set of a worker process that trains
// the cell on a GPU, in bytes: what it has on any device, and the libraries of CUDA
// and of libtorch for it, again an allowance.
func (c Cell) hostMemory() int64 {
	const libraries = 3 << 30
	return int64(c.residentMemory() + libraries)
}
