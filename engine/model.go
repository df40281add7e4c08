// Package engine trains the models of experiments on libtorch. Its program,
// backfire-engine, is what the command line starts as worker processes.
package engine

import (
	"errors"
	"fmt"

	"backfire/experiments"
	"backfire/torchbridge"
)

// LibTorch is the engine that trains on libtorch.
type LibTorch struct{}

var _ experiments.Engine = LibTorch{}

// NewModel makes a ResNet-18 with initial weights from the cell's seed.
func (LibTorch) NewModel(opt experiments.ModelOptions) (experiments.TrainedModel, error) {
	c := opt.Cell
	if c.Model.Architecture != experiments.ResNet18 {
		return nil, fmt.Errorf("engine: model: %w: unknown architecture %q", experiments.ErrOptions, c.Model.Architecture)
	}
	transform, err := transforms(c)
	if err != nil {
		return nil, err
	}
	trainer, err := torchbridge.NewTrainer(torchbridge.Options{
		Model: torchbridge.ModelSpec{
			Width: c.Model.Width, Channels: c.Data.Shape.C, Height: c.Data.Shape.H, WidthPx: c.Data.Shape.W,
			Classes: len(c.Data.Classes),
		},
		Train: torchbridge.TrainSpec{
			Epochs: c.Training.Epochs, Batch: c.Training.Batch, Optimizer: c.Training.Optimizer,
			LR: c.Training.LearningRate, Momentum: c.Training.Momentum, WeightDecay: c.Training.WeightDecay,
			Nesterov: c.Training.Nesterov, Schedule: c.Training.Schedule,
		},
		Images: opt.Images, Mean: float32s(opt.Mean), Std: float32s(opt.Std),
		Device: opt.Device, Precision: c.Precision(), Threads: opt.Threads, Seed: c.Game.Seed,
		Transform: transform,
		Notice: opt.Notice,
	})
	if err != nil {
		return nil, marked(err)
	}
	return model{trainer}, nil
}

// Describe asks libtorch about itself.
func (LibTorch) Describe() (experiments.EngineInfo, error) {
	env, err := torchbridge.Environment()
	if err != nil {
		return experiments.EngineInfo{}, err
	}
	return experiments.EngineOf(env), nil
}

// model is a trainer as a TrainedModel.
type model struct {
	*torchbridge.Trainer
}

// Epoch trains once on the rows in order.
func (m model) Epoch(order []int32, onBatch func(done int) error) (experiments.EpochStats, error) {
	stats, err := m.Trainer.Epoch(order, onBatch)
	return experiments.EpochStats{Loss: stats.Loss, Accuracy: stats.Accuracy, LearningRate: stats.LR, Images: stats.Images}, marked(err)
}

// State copies the training's state.
func (m model) State() (experiments.State, error) {
	state, err := m.Trainer.State()
	return experiments.State(state), err
}

// Restore puts a state back.
func (m model) Restore(state experiments.State) error {
	return m.Trainer.Restore(torchbridge.State(state))
}

// Unlearn takes gradient steps away from rows of the training set.
func (m model) Unlearn(steps []experiments.Unlearning, rate float64) error {
	own := make([]torchbridge.Unlearning, len(steps))
	for i, step := range steps {
		own[i] = torchbridge.Unlearning(step)
	}
	return marked(m.Trainer.Unlearn(own, rate))
}

// markedError is an error of torchbridge that is also one of those that
// experiments decides on. Its text stays torchbridge's.
type markedError struct {
	error
	mark error
}

// Unwrap returns both.
func (e markedError) Unwrap() []error { return []error{e.error, e.mark} }

// marked adds to an error of torchbridge what experiments knows it by.
func marked(err error) error {
	switch {
	case errors.Is(err, torchbridge.ErrDiverged):
		return markedError{err, experiments.ErrDiverged}
	case errors.Is(err, torchbridge.ErrOptions):
		return markedError{err, experiments.ErrOptions}
	}
	return err
}

func float32s(values []float64) []float32 {
	narrow := make([]float32, len(values))
	for i, v := range values {
		narrow[i] = float32(v)
	}
	return narrow
}
