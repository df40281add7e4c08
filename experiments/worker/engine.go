package worker

import (
	"errors"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/safetensors"
)

// What an Engine's errors wrap where trying again would end the same way.
var (
	// ErrDiverged says that a loss, or what it is computed from, became NaN or infinite.
	ErrDiverged = errors.New("training diverged")
	// ErrOptions marks options that no model can be trained with.
	ErrOptions = errors.New("no such model can be trained")
)

// Engine makes models. The program's own is engine.LibTorch, in a process of its
// own; tests put in a quick one.
type Engine interface {
	// NewModel makes a model with its initial weights. Only the goroutine that
	// made it uses it, until it is closed. The error wraps ErrOptions or
	// hardware.ErrDevice when the options are at fault.
	NewModel(ModelOptions) (TrainedModel, error)
	// Describe says what the engine runs on, for environment.json.
	Describe() (store.EngineInfo, error)
}

// ModelOptions is what an engine needs to make a model. Images are those of the
// training set as the cell's defense leaves it; what it does to batches is up to
// the engine.
type ModelOptions struct {
	Cell    cell.Cell
	Images  int       // rows of the training set; schedules need it
	Mean    []float64 // of the training set's values, per channel, scaled to [0, 1]
	Std     []float64 // their population standard deviation, above 0
	Device  string    // auto, cpu, cuda or cuda:K
	Threads int       // of the CPU, at least 1
	// Notice hears of what costs time and changes no result; nil: nobody.
	Notice func(message string)
}

// TrainedModel is a model in training.
type TrainedModel interface {
	// Upload gives the model its training set: N*C*H*W raw values and N labels.
	Upload(images, labels []uint8) error
	// Epoch trains once on the rows in order and calls onBatch after each step
	// with the number of rows done; an error of its ends the epoch. The error wraps
	// that one, or ErrDiverged when the loss is not a finite number any more.
	Epoch(order []int32, onBatch func(done int) error) (EpochStats, error)
	// State copies all that is needed to go on from here.
	State() (State, error)
	// Restore puts a state back that a model of the same options gave: what
	// follows is the same, bit for bit, as for that one. After an error the
	// model is of no use.
	Restore(State) error
	// Predict gives the class of each of the images (raw values, N*C*H*W).
	Predict(images []uint8) ([]uint8, error)
	// Probabilities gives what the model gives each class of each of the images: N
	// rows of as many values as there are classes, each adding up to 1.
	Probabilities(images []uint8) ([]float32, error)
	// Features gives the penultimate activations of each of the images: N rows of
	// equal length.
	Features(images []uint8) ([]float32, error)
	// Unlearn takes gradient steps of a learning rate away from rows of the
	// training set. Restore puts the model back. The error wraps ErrDiverged when
	// the loss or a parameter is not a finite number any more.
	Unlearn(steps []Unlearning, rate float64) error
	// Close frees the model.
	Close()
}

// Unlearning is one step away from some rows of the training set.
type Unlearning struct {
	Forget []int64 // rows whose loss is to rise to that of a guess, at least one
	Keep   []int64 // rows whose loss is to fall at the same time, at least one
}

// State is all that a training needs to go on as if it had never stopped. The
// names of the tensors are the engine's.
type State struct {
	Step      int                  // optimiser steps done
	Model     []safetensors.Tensor // parameters and running statistics
	Optimizer []safetensors.Tensor // what the optimiser remembers of each parameter
}

// EpochStats is what one epoch of training measured.
type EpochStats struct {
	Loss         float64 // mean cross-entropy over the images, each before its own step
	Accuracy     float64 // share of the images predicted as their own (possibly poisoned) label, likewise
	LearningRate float64 // of the last step
	Images       int     // that went through a step: the rows and what a defense added to batches
}
