package engine

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/network"
	"backfire/torchbridge"
)

// LibTorch is the engine that trains on libtorch, on a CPU or a GPU. Its zero value is ready to
// use.
type LibTorch struct{}

var _ worker.Engine = LibTorch{}

// NewModel makes the cell's network with initial weights from the cell's seed. The error wraps
// worker.ErrOptions or hardware.ErrDevice when the options are at fault.
func (LibTorch) NewModel(opt worker.ModelOptions) (worker.TrainedModel, error) {
	c := opt.Cell
	transform, err := batchTransforms(c)
	if err != nil {
		return nil, err
	}
	module, err := moduleOf(c, opt.Module)
	if err != nil {
		return nil, err
	}
	trainer, err := torchbridge.NewTrainer(torchbridge.Options{
		Model: torchbridge.ModelSpec{
			Architecture: c.Model.Architecture, Stem: c.Model.Stem,
			Width: c.Model.Width, Channels: c.Data.Shape.C, Height: c.Data.Shape.H, WidthPx: c.Data.Shape.W,
			Classes: len(c.Data.Classes),
		},
		Train: torchbridge.TrainSpec{
			Epochs: c.Training.Epochs, Batch: c.Training.Batch, Optimizer: c.Training.Optimizer,
			LR: c.Training.LearningRate, Momentum: c.Training.Momentum, WeightDecay: c.Training.WeightDecay,
			Nesterov: c.Training.Nesterov, Schedule: c.Training.Schedule,
		},
		Module: module,
		Images: opt.Images, Mean: float32s(opt.Mean), Std: float32s(opt.Std),
		Device: opt.Device, Precision: c.Precision(), Kernels: c.Training.Kernels, Threads: opt.Threads, Seed: c.TrainingSeed(),
		Transform: transform,
		Notice:    opt.Notice,
	})
	if err != nil {
		return nil, marked(err)
	}
	return model{trainer}, nil
}

// moduleOf reads the module of a cell; nil if its network is none. The error wraps
// worker.ErrOptions if the file is missing or another one.
func moduleOf(c cell.Cell, path string) ([]byte, error) {
	if !c.Model.Module.Describes() {
		return nil, nil
	}
	code, err := disk.ReadFile(path, network.MaxModuleBytes)
	if err != nil {
		return nil, fmt.Errorf("engine: module: %w: the store lacks it: repeat the command that trained, with model.file: %w", worker.ErrOptions, err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(code)); sum != c.Model.Module.SHA256 {
		return nil, fmt.Errorf("engine: module: %w: %s has SHA-256 %.12s instead of %.12s", worker.ErrOptions, path, sum, c.Model.Module.SHA256)
	}
	return code, nil
}

// Describe returns the version of libtorch, its build, the GPUs that it finds, and the generation
// of the arithmetic by which this process trains on a device if that is a GPU.
func (LibTorch) Describe(device string) (store.EngineInfo, error) {
	env, err := torchbridge.EnvironmentOn(device)
	if err != nil {
		return store.EngineInfo{}, marked(err)
	}
	return store.EngineOf(env), nil
}

// model is a torchbridge.Trainer as a worker.TrainedModel.
type model struct {
	*torchbridge.Trainer
}

// Epoch trains once on the rows in order, see worker.TrainedModel.
func (m model) Epoch(order []int32, onBatch func(done int) error) (worker.EpochStats, error) {
	stats, err := m.Trainer.Epoch(order, onBatch)
	return worker.EpochStats{Loss: stats.Loss, Accuracy: stats.Accuracy, LearningRate: stats.LR, Images: stats.Images}, marked(err)
}

// State copies the state of the training.
func (m model) State() (worker.State, error) {
	state, err := m.Trainer.State()
	return worker.State(state), marked(err)
}

// Snapshot copies the state of the training where the model is.
func (m model) Snapshot() (worker.Snapshot, error) {
	s, err := m.Trainer.Snapshot()
	if err != nil {
		return nil, marked(err)
	}
	return snapshot{s}, nil
}

// snapshot is a torchbridge.Snapshot as a worker.Snapshot.
type snapshot struct {
	*torchbridge.Snapshot
}

// State copies the state to the host.
func (s snapshot) State() (worker.State, error) {
	state, err := s.Snapshot.State()
	return worker.State(state), marked(err)
}

// Restore puts the model into a state.
func (m model) Restore(state worker.State) error {
	return marked(m.Trainer.Restore(torchbridge.State(state)))
}

// Upload puts the training set on the device.
func (m model) Upload(images []uint8, labels []uint16) error {
	return marked(m.Trainer.Upload(images, labels))
}

// Predict returns the class of each of the images.
func (m model) Predict(images []uint8) ([]uint16, error) {
	classes, err := m.Trainer.Predict(images)
	return classes, marked(err)
}

// Probabilities returns the probability of each class of each of the images.
func (m model) Probabilities(images []uint8) ([]float32, error) {
	values, err := m.Trainer.Probabilities(images)
	return values, marked(err)
}

// Features returns the penultimate activations for each of the images.
func (m model) Features(images []uint8) ([]float32, error) {
	values, err := m.Trainer.Features(images)
	return values, marked(err)
}

// Unlearn takes gradient steps away from rows of the training set.
func (m model) Unlearn(steps []worker.Unlearning, rate float64) error {
	own := make([]torchbridge.Unlearning, len(steps))
	for i, step := range steps {
		own[i] = torchbridge.Unlearning(step)
	}
	return marked(m.Trainer.Unlearn(own, rate))
}

// SetThreads sets the number of threads of the CPU.
func (m model) SetThreads(n int) error { return marked(m.Trainer.SetThreads(n)) }

// markedError is an error of torchbridge that also wraps an error of package worker. Its text stays
// that of torchbridge.
type markedError struct {
	error
	mark error
}

// Unwrap returns both errors.
func (e markedError) Unwrap() []error { return []error{e.error, e.mark} }

// marked makes an error of torchbridge wrap the error of package worker for the same cause, if
// there is one.
func marked(err error) error {
	switch {
	case errors.Is(err, torchbridge.ErrDiverged):
		return markedError{err, worker.ErrDiverged}
	case errors.Is(err, torchbridge.ErrOptions):
		return markedError{err, worker.ErrOptions}
	case errors.Is(err, torchbridge.ErrMemory):
		return markedError{err, worker.ErrMemory}
	}
	return err
}

// float32s rounds values to single precision.
func float32s(values []float64) []float32 {
	narrow := make([]float32, len(values))
	for i, v := range values {
		narrow[i] = float32(v)
	}
	return narrow
}
