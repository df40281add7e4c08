package torchbridge

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"backfire/internal/hardware"
	"backfire/internal/network"
)

// ErrOptions marks options that no model can be trained with.
var ErrOptions = errors.New("unusable training options")

// ErrDiverged marks a training whose loss became infinite or not a number.
var ErrDiverged = errors.New("training diverged")

// Kernels of the convolutions on a CPU.
const (
	// KernelsAuto computes each layer with the kernels that are fastest for its
	// shape: 3x3 layers of stride 1 by Winograd's algorithms where they pay. In fp32
	// whole steps are computed by this package's own kernels, which give the same
	// bits on every processor and with any number of threads.
	KernelsAuto = "auto"
	// KernelsDirect computes every layer by direct sums, by libtorch's gradient graph.
	// Their rounding errors are smaller, and a step takes up to twice as long.
	KernelsDirect = "direct"
)

// TrainSpec describes the training of a model.
type TrainSpec struct {
	Epochs      int     // passes over the training set, at least 1; fixes the schedule's length
	Batch       int     // images per step, at least 2 (BatchNorm needs a variance); the paper's is 32
	Optimizer   string  // OptimizerSGD, OptimizerAdam or OptimizerAdamW
	LR          float64 // peak learning rate, above 0
	Momentum    float64 // of SGD, in [0, 1)
	WeightDecay float64 // at least 0, on every parameter
	Nesterov    bool    // of SGD; needs momentum
	Schedule    string  // ScheduleOneCycle, ScheduleCosine or ScheduleConstant
}

// Options fix one training.
type Options struct {
	Model  ModelSpec
	Train  TrainSpec
	Module []byte    // with network.Script, the file of the module
	Images int       // rows of the training set
	Mean   []float32 // per channel, of pixels in [0, 1]
	Std    []float32 // per channel, of pixels in [0, 1], above 0
	Device string    // auto, cpu, cuda or cuda:K; see hardware.Choose
	// Precision is hardware.FP32, TF32 or BF16. In one process a model on CUDA waits
	// for those with TF32 to be closed if it is without, and the other way round.
	Precision string
	// Kernels is KernelsAuto or KernelsDirect; empty: KernelsAuto. It changes the
	// last bits of every result on a CPU in fp32, and nothing elsewhere.
	Kernels string
	// CuDNNNorm has cuDNN normalise on CUDA, where it takes a layer. It is there to be
	// measured: models side by side wait for each other, see shim_norm.cpp.
	CuDNNNorm bool
	// NoFused has libtorch normalise, add, apply ReLU and update on CUDA, where fused kernels of
	// this package do otherwise. It is there to be measured.
	NoFused bool
	// Threads of one operation on the CPU, 0 for libtorch's own choice. It is a
	// setting of the process, not of the trainer.
	Threads int
	Seed    uint64 // of the stream "weights"
	// Transform returns the transform of the batch of n rows of a step (from 0) of an
	// epoch (from 0); nil leaves every batch as it is. On a GPU each combination of
	// parts, numbers of rows and settings of an attack is recorded once and keeps
	// memory: there should be few.
	Transform func(epoch, step, n int) BatchTransform
	// Eager launches the operations of each step one by one on a GPU too, where
	// steps otherwise are recorded once and replayed.
	Eager bool
	// Notice, if not nil, is called with messages about what only costs time.
	Notice func(message string)

	graph bool // libtorch's gradient graph computes on a CPU in fp32, too
	// newRecorder makes what records a step; nil: newGraph on a GPU, and on a CPU steps are
	// not recorded.
	newRecorder func(cDevice) (recorder, error)
	// newFused makes the fused kernels; nil: fusedOn on a GPU, and on a CPU there are none.
	newFused func(cDevice) (*fusedKernels, error)
}

func (t TrainSpec) validate() error {
	switch {
	case t.Epochs < 1:
		return fmt.Errorf("%w: %d epochs, at least 1 is needed", ErrOptions, t.Epochs)
	case t.Batch < 2:
		return fmt.Errorf("%w: batch of %d, at least 2 is needed (batch normalisation)", ErrOptions, t.Batch)
	case !slices.Contains([]string{OptimizerSGD, OptimizerAdam, OptimizerAdamW}, t.Optimizer):
		return fmt.Errorf("%w: optimiser %q is none of sgd, adam, adamw", ErrOptions, t.Optimizer)
	case !slices.Contains([]string{ScheduleOneCycle, ScheduleCosine, ScheduleConstant}, t.Schedule):
		return fmt.Errorf("%w: schedule %q is none of onecycle, cosine, constant", ErrOptions, t.Schedule)
	case t.LR <= 0 || math.IsInf(t.LR, 0) || math.IsNaN(t.LR):
		return fmt.Errorf("%w: learning rate %g is not above 0", ErrOptions, t.LR)
	case t.Momentum < 0 || t.Momentum >= 1 || math.IsNaN(t.Momentum):
		return fmt.Errorf("%w: momentum %g is outside [0, 1)", ErrOptions, t.Momentum)
	case t.WeightDecay < 0 || math.IsInf(t.WeightDecay, 0) || math.IsNaN(t.WeightDecay):
		return fmt.Errorf("%w: weight decay %g is below 0", ErrOptions, t.WeightDecay)
	case t.Nesterov && t.Momentum == 0:
		return fmt.Errorf("%w: Nesterov's method needs a momentum", ErrOptions)
	}
	return nil
}

func (o Options) validate() error {
	if err := o.Model.validate(); err != nil {
		return err
	}
	if o.Model.Architecture == network.Script && o.Precision == hardware.BF16 {
		return fmt.Errorf("torchbridge: model: %w: a module is not computed in bf16: choose fp32 or tf32", ErrOptions)
	}
	if err := o.Train.validate(); err != nil {
		return fmt.Errorf("torchbridge: training: %w", err)
	}
	if o.Images < o.Train.Batch {
		return fmt.Errorf("torchbridge: training: %w: %d images are less than one batch of %d", ErrOptions, o.Images, o.Train.Batch)
	}
	if len(o.Mean) != o.Model.Channels || len(o.Std) != o.Model.Channels {
		return fmt.Errorf("torchbridge: training: %w: mean and deviation of %d and %d channels for images of %d", ErrOptions, len(o.Mean), len(o.Std), o.Model.Channels)
	}
	for _, deviation := range o.Std {
		if !(deviation > 0) {
			return fmt.Errorf("torchbridge: training: %w: a channel's deviation is %g, it must be above 0", ErrOptions, deviation)
		}
	}
	if !slices.Contains([]string{"", KernelsAuto, KernelsDirect}, o.Kernels) {
		return fmt.Errorf("torchbridge: training: %w: kernels %q are neither auto nor direct", ErrOptions, o.Kernels)
	}
	if o.Threads < 0 {
		return fmt.Errorf("torchbridge: training: %w: %d threads", ErrOptions, o.Threads)
	}
	return nil
}

// steps returns the number of optimiser steps of one epoch.
//
// The last batch may be smaller. A rest of one image cannot be batch-normalised
// in the last stage's 1x1 case, so it joins the batch before it.
func (o Options) steps() int {
	full, rest := o.Images/o.Train.Batch, o.Images%o.Train.Batch
	if rest > 1 {
		full++
	}
	return full
}

// batchEnd returns the row after the last one of the given step's batch.
func (o Options) batchEnd(step int) int {
	if step == o.steps()-1 {
		return o.Images
	}
	return (step + 1) * o.Train.Batch
}
