package experiments

import (
	"errors"
	"fmt"

	"backfire/defenses"
	"backfire/torchbridge"
)

// ErrDiverged says that a loss became NaN or infinite. Trying again would end
// the same way.
var ErrDiverged = torchbridge.ErrDiverged

// LibTorch is the engine that trains on libtorch.
type LibTorch struct{}

// NewModel makes a ResNet-18 with initial weights from the cell's seed.
func (LibTorch) NewModel(opt ModelOptions) (TrainedModel, error) {
	c := opt.Cell
	if c.Model.Architecture != ResNet18 {
		return nil, fmt.Errorf("experiments: model: unknown architecture %q", c.Model.Architecture)
	}
	change, err := changes(c)
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
		Device: opt.Device, Threads: opt.Threads, Seed: c.Game.Seed,
		Change: change,
	})
	if err != nil {
		return nil, err
	}
	return libTorchModel{trainer}, nil
}

// Describe asks libtorch about itself.
func (LibTorch) Describe() (EngineInfo, error) {
	env, err := torchbridge.Environment()
	if err != nil {
		return EngineInfo{}, err
	}
	info := EngineInfo{Name: "libtorch", Version: env.Version, Variant: env.Variant, CPUCapability: env.CPUCapability, GPUs: []string{}}
	for _, gpu := range env.CUDA {
		info.GPUs = append(info.GPUs, gpu.Name)
	}
	return info, nil
}

// libTorchModel is a trainer as a TrainedModel.
type libTorchModel struct {
	*torchbridge.Trainer
}

// Epoch trains once on the rows in order.
func (m libTorchModel) Epoch(order []int32, onBatch func(done int)) (EpochStats, error) {
	stats, err := m.Trainer.Epoch(order, onBatch)
	return EpochStats{Loss: stats.Loss, Accuracy: stats.Accuracy, LearningRate: stats.LR, Images: stats.Images}, err
}

func float32s(values []float64) []float32 {
	narrow := make([]float32, len(values))
	for i, v := range values {
		narrow[i] = float32(v)
	}
	return narrow
}

// isFinal says whether another attempt at a cell would fail in the same way.
func isFinal(err error) bool {
	for _, final := range []error{
		ErrDiverged, ErrOtherData, ErrPlan, torchbridge.ErrOptions, torchbridge.ErrDevice, defenses.ErrPolicy, defenses.ErrCollision,
	} {
		if errors.Is(err, final) {
			return true
		}
	}
	return false
}
