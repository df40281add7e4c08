package torchbridge

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/hardware"
)

// newSerial returns a session of serial kernels on the CPU.
func newSerial(t *testing.T, reversed bool, leftOut int) *fusedSession {
	t.Helper()
	require.NoError(t, setThreads(1))
	kernels, err := serialKernels(reversed, leftOut)
	require.NoError(t, err)
	defer kernels.free()
	session, err := kernels.session(cpu)
	require.NoError(t, err)
	t.Cleanup(session.free)
	return session
}

// Every kernel computes what libtorch does in double, and the same bits whatever the order of
// its threads and blocks, so that they wait for each other where they must.
func TestFusedKernels(t *testing.T) {
	require.NoError(t, newSerial(t, false, -1).check(newSerial(t, true, -1)))
}

// The check finds each kernel that does not do its work.
func TestFusedCheckFails(t *testing.T) {
	for i, name := range kernelNames() {
		require.Error(t, newSerial(t, false, i).check(nil), name)
	}
}

// On a GPU the kernels give the bits of the serial ones.
func TestFusedKernelsOnGPU(t *testing.T) {
	device, err := parseDevice(gpu(t))
	require.NoError(t, err)
	kernels, err := fusedOn(device)
	require.NoError(t, err)
	session, err := kernels.session(device)
	require.NoError(t, err)
	defer session.free()
	require.NoError(t, session.check(newSerial(t, false, -1)))
	env, err := EnvironmentOn("cuda")
	require.NoError(t, err)
	require.Equal(t, GPUKernelGeneration, env.GPUKernels)
}

// A layer by fused kernels is the one of norm_kernels.cpp and of libtorch's own operations.
func TestFusedLayer(t *testing.T) {
	for _, c := range []normCase{
		{batch: 8, in: 3, out: 8, size: 9, kernel: 3, stride: 1, relu: true, training: true},
		{batch: 5, in: 8, out: 8, size: 8, kernel: 3, stride: 1, residual: true, relu: true, training: true},
		{batch: 7, in: 8, out: 16, size: 9, kernel: 1, stride: 2, training: true},
		{batch: 2, in: 5, out: 10, size: 3, kernel: 3, stride: 1, residual: true, relu: true, training: true},
		{batch: 32, in: 4, out: 1, size: 16, kernel: 3, stride: 1, residual: true, training: true},
		{batch: 40, in: 3, out: 64, size: 20, kernel: 3, stride: 1, training: true}, // of a million numbers some fall on the other side of 0
		{batch: 3, in: 4, out: 512, size: 4, kernel: 3, stride: 1, residual: true, relu: true, training: true},
		{batch: 6, in: 8, out: 24, size: 7, kernel: 3, stride: 1, residual: true, relu: true},
		{batch: 6, in: 8, out: 8, size: 10, kernel: 1, stride: 2},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			session := newSerial(t, false, -1)
			got := runNorm(t, c, func(s *scope, x tensor, l *layer, residual tensor) tensor {
				l.fused = session
				return s.convNorm(x, l, residual, c.relu, c.training)
			})
			require.Positive(t, session.launches())
			requireSameLayer(t, runNorm(t, c, fused(c)), got)
			requireSameLayer(t, runNorm(t, c, unfused(c)), got)
		})
	}
}

// fusedToy returns the options of a training by serial kernels.
func fusedToy(precision string) Options {
	opt := toyOptions()
	opt.Precision = precision
	opt.newFused = func(cDevice) (*fusedKernels, error) { return serialKernels(false, -1) }
	return opt
}

// A training by fused kernels learns in either precision, and in fp32 its weights are those of
// libtorch's graph but for roundings.
func TestFusedTraining(t *testing.T) {
	for _, precision := range []string{hardware.FP32, hardware.BF16} {
		t.Run(precision, func(t *testing.T) { requireLearns(t, fusedToy(precision)) })
	}
	opt := fusedToy(hardware.FP32)
	opt.Train.Epochs, opt.Images = 1, 32
	got, _ := train(t, opt)
	opt.newFused, opt.graph = nil, true
	want, _ := train(t, opt)
	require.NotNil(t, got.fused)
	require.Nil(t, want.fused)
	for i, p := range want.net.params {
		reference, err := read[float32](p.value)
		require.NoError(t, err)
		values, err := read[float32](got.net.params[i].value)
		require.NoError(t, err)
		requireClose(t, reference, values, 1e-3, p.name)
	}
}

// requireCopies checks that the copies are the weights, rounded to bfloat16.
func requireCopies(t *testing.T, trainer *Trainer) {
	t.Helper()
	count := 0
	for i, c := range trainer.net.copies {
		if !c.valid() {
			continue
		}
		count++
		s := newScope()
		copied, err := read[float32](s.float(c))
		require.NoError(t, err)
		s.reset()
		values, err := read[float32](trainer.net.params[i].value)
		require.NoError(t, err)
		for j, v := range values {
			bits := math.Float32bits(v)
			bits += 0x7fff + bits>>16&1
			require.Equal(t, math.Float32frombits(bits&^0xffff), copied[j], trainer.net.params[i].name)
		}
	}
	require.Equal(t, 20+2, count, "convolutions, and the last layer's weight and bias")
}

// In bf16 the update keeps copies of the weights, which follow every other change, too.
func TestFusedCopies(t *testing.T) {
	for _, optimizer := range []string{OptimizerSGD, OptimizerAdam} {
		opt := fusedToy(hardware.BF16)
		opt.Train.Optimizer, opt.Train.Epochs = optimizer, 2
		trainer, _ := train(t, opt)
		if optimizer != OptimizerSGD {
			require.Empty(t, trainer.net.copies)
			continue
		}
		requireCopies(t, trainer)
		state, err := trainer.State()
		require.NoError(t, err)
		for i := range state.Model {
			for j := range state.Model[i].Values {
				state.Model[i].Values[j] *= 0.9
			}
		}
		require.NoError(t, trainer.Restore(state))
		requireCopies(t, trainer)
		require.NoError(t, trainer.Unlearn([]Unlearning{{Forget: []int64{0, 1}, Keep: []int64{2, 3}}}, 0.01))
		requireCopies(t, trainer)
	}
}

// A training by fused kernels resumes from a state with the same bits.
func TestFusedResumes(t *testing.T) {
	opt := fusedToy(hardware.BF16)
	opt.Train.Epochs = 2
	straight, _ := train(t, opt)
	want, err := straight.State()
	require.NoError(t, err)
	images, labels := toyImages(opt.Images, 1)
	var state State
	for epoch := range uint64(2) {
		trainer, err := NewTrainer(opt)
		require.NoError(t, err)
		require.NoError(t, trainer.Upload(images, labels))
		if epoch > 0 {
			require.NoError(t, trainer.Restore(state))
		}
		_, err = trainer.Epoch(order(opt.Images, opt.Seed, epoch), nil)
		require.NoError(t, err)
		state, err = trainer.State()
		require.NoError(t, err)
		trainer.Close()
	}
	require.Equal(t, want, state)
}

// A step of the paper's batch and images starts 62 fused kernels in bf16, and 61 in other
// precisions: a pass of a normalisation is one where a block has all rows, and two elsewhere, and
// one updates all weights of one kind of gradient.
func TestFusedLaunches(t *testing.T) {
	for precision, updates := range map[string]int{hardware.FP32: 1, hardware.BF16: 2} {
		const large, small, passes = 10, 10, 2
		require.Equal(t, 2*(large*passes*2+small*passes+updates), launchesOfTwoSteps(t, precision), precision)
	}
}

// launchesOfTwoSteps returns the number of fused kernels that two steps start.
func launchesOfTwoSteps(t *testing.T, precision string) int {
	t.Helper()
	opt := fusedToy(precision)
	opt.Model = ModelSpec{Width: 1, Channels: 3, Height: 32, WidthPx: 32, Classes: 4}
	opt.Mean, opt.Std = []float32{0.5, 0.5, 0.5}, []float32{0.25, 0.25, 0.25}
	opt.Images, opt.Train.Batch, opt.Train.Epochs = 64, 32, 1
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	defer trainer.Close()
	require.NoError(t, trainer.Upload(make([]uint8, opt.Images*3*32*32), make([]uint16, opt.Images)))
	_, err = trainer.Epoch(order(opt.Images, 1, 0), nil)
	require.NoError(t, err)
	return trainer.fused.launches()
}

// Where the kernels do not work, libtorch computes, and the caller is told why. Want of memory
// is an error instead: it would decide the bits.
func TestFusedFallsBack(t *testing.T) {
	var told []string
	opt := fusedToy(hardware.FP32)
	opt.Train.Epochs = 1
	opt.Notice = func(message string) { told = append(told, message) }
	opt.newFused = func(cDevice) (*fusedKernels, error) { return nil, errors.New("no compiler") }
	got, _ := train(t, opt)
	require.Len(t, told, 1)
	require.True(t, strings.HasSuffix(told[0], ": no compiler"), told[0])
	opt.newFused, opt.graph = nil, true
	want, _ := train(t, opt)
	before, err := want.State()
	require.NoError(t, err)
	after, err := got.State()
	require.NoError(t, err)
	require.Equal(t, before, after)
	opt.newFused = func(cDevice) (*fusedKernels, error) { return nil, fmt.Errorf("a GPU: %w", ErrMemory) }
	_, err = NewTrainer(opt)
	require.ErrorIs(t, err, ErrMemory)
	opt.newFused, opt.NoFused = nil, true
	plain, err := NewTrainer(opt)
	require.NoError(t, err)
	defer plain.Close()
	require.Nil(t, plain.fused)
	env, err := EnvironmentOn("cpu")
	require.NoError(t, err)
	require.Equal(t, GPUKernelGeneration, env.GPUKernels)
	require.True(t, slices.IsSorted([]int{GPUKernelsOfLibtorch, GPUKernelGeneration}))
}
