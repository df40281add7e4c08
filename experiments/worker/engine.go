package worker

import (
	"errors"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/safetensors"
)

// The errors of an Engine that another attempt would end with again.
var (
	// ErrDiverged reports that a loss, or a value that it is computed from, became NaN or infinite.
	ErrDiverged = errors.New("training diverged")
	// ErrOptions marks options that no model can be trained with.
	ErrOptions = errors.New("no such model can be trained")
)

// ErrMemory reports that the device had no memory left. Another attempt may succeed where fewer
// models are trained on the device.
var ErrMemory = errors.New("no memory left on the device")

// Engine makes models. The program's own is engine.LibTorch, which runs in the worker processes;
// tests use a quick fake.
type Engine interface {
	// NewModel makes a model with its initial weights. Only the goroutine that made it uses it,
	// until it is closed. The error wraps ErrOptions or hardware.ErrDevice when the options are at
	// fault.
	NewModel(ModelOptions) (TrainedModel, error)
	// Describe returns the libraries and devices that the engine runs on, for environment.json, as
	// it trains on a device: auto, cpu, cuda or cuda:K.
	Describe(device string) (store.EngineInfo, error)
}

// ModelOptions describes a model to an engine. The training set is the one that the cell's defense
// leaves; the engine applies what the defense does to batches.
type ModelOptions struct {
	Cell    cell.Cell
	Images  int       // rows of the training set, on which learning-rate schedules depend
	Mean    []float64 // of the training set's values, per channel, in [0, 1]
	Std     []float64 // their population standard deviation, above 0
	Device  string    // auto, cpu, cuda or cuda:K
	Threads int       // of the CPU, at least 1
	Module  string    // the path of the module's file; empty if the cell's network is none
	// Notice, if not nil, is called with messages about conditions that cost time and change no
	// result.
	Notice func(message string)
}

// TrainedModel is a model that is being trained, or was. A single goroutine uses it.
type TrainedModel interface {
	// Upload gives the model its training set: N*C*H*W raw values and N labels.
	Upload(images []uint8, labels []uint16) error
	// Epoch trains once on the rows in order and calls onBatch, if not nil, after each step with
	// the number of rows done. An error of onBatch ends the epoch. The returned error wraps that
	// one, or ErrDiverged when the loss is no longer a finite number.
	Epoch(order []int32, onBatch func(done int) error) (EpochStats, error)
	// State copies all that is needed to resume from this point.
	State() (State, error)
	// Snapshot copies the same where the model is, so that the copy takes little time. The snapshot
	// takes as much memory there as the state, until it is freed.
	Snapshot() (Snapshot, error)
	// Restore puts the model into a state of a model with the same options. All that follows is the
	// same, bit for bit, as for that model. After an error the model must not be used.
	Restore(State) error
	// Predict returns the class of each of the images (raw values, N*C*H*W).
	Predict(images []uint8) ([]uint16, error)
	// Probabilities returns the probability of each class of each of the images: N rows with one
	// value per class that add up to 1.
	Probabilities(images []uint8) ([]float32, error)
	// Features returns the penultimate activations for each of the images: N rows of equal length.
	Features(images []uint8) ([]float32, error)
	// Unlearn takes gradient steps with a learning rate away from rows of the training set. Restore
	// undoes them. The error wraps ErrDiverged when the loss or a parameter is no longer a finite
	// number.
	Unlearn(steps []Unlearning, rate float64) error
	// SetThreads sets the number of threads of the CPU, at least 1, that the model uses from now on.
	SetThreads(n int) error
	// Close frees the model.
	Close()
}

// Unlearning is one gradient step away from some rows of the training set.
type Unlearning struct {
	Forget []int64 // rows whose loss is to rise to that of a guess, at least one
	Keep   []int64 // rows whose loss is to fall at the same time, at least one
}

// State holds all that a training needs to resume as if it had never stopped. The names of the
// tensors are the engine's.
type State struct {
	Step      int                  // completed steps of the optimiser
	Model     []safetensors.Tensor // parameters and running statistics
	Optimizer []safetensors.Tensor // the optimiser's state of each parameter
}

// EpochStats are the measurements of one epoch of training.
type EpochStats struct {
	Loss         float64 // mean cross-entropy over the images, each before its own step
	Accuracy     float64 // share of the images predicted as their own (possibly poisoned) label, each before its own step
	LearningRate float64 // of the last step
	Images       int     // that went through a step: the rows, and the images that a defense added to batches
}
