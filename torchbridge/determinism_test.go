package torchbridge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/hardware"
	"backfire/internal/safetensors"
	"backfire/internal/streams"
)

// stateHash trains a few steps of a network, and is the SHA-256 of all tensors that come out, the optimiser's too.
func stateHash(t *testing.T, device, precision string, threads int) string {
	t.Helper()
	opt := toyOptions()
	opt.Model = ModelSpec{Width: 8, Channels: 1, Height: 16, WidthPx: 16, Classes: 4}
	opt.Images, opt.Train.Batch, opt.Train.Epochs = 64, 32, 1
	opt.Device, opt.Precision, opt.Threads = device, precision, threads
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	defer trainer.Close()
	images, labels := toyImages(4*opt.Images, 1) // of 8x8 pixels; four make one of 16x16
	require.NoError(t, trainer.Upload(images, labels[:opt.Images]))
	for epoch := range opt.Train.Epochs {
		_, err := trainer.Epoch(order(opt.Images, 1, uint64(epoch)), nil)
		require.NoError(t, err)
	}
	state, err := trainer.State()
	require.NoError(t, err)
	sum := sha256.New()
	for _, tensor := range slices.Concat(state.Model, state.Optimizer) {
		fmt.Fprintln(sum, tensor.Name, tensor.Shape)
		for _, v := range tensor.Values {
			fmt.Fprintf(sum, "%08x", math.Float32bits(v))
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// The same training ends with the same bits: again, on the same device, in the
// same precision, with as many threads.
func TestSameBits(t *testing.T) {
	for _, precision := range []string{hardware.FP32, hardware.BF16} {
		for _, threads := range []int{1, 2} {
			t.Run(fmt.Sprintf("CPU in %s, threads %d", precision, threads), func(t *testing.T) {
				once := stateHash(t, "cpu", precision, threads)
				_ = stateHash(t, "cpu", precision, 3-threads) // what another number does to the process
				require.Equal(t, once, stateHash(t, "cpu", precision, threads))
			})
		}
	}
	t.Run("GPU", func(t *testing.T) {
		if cudaDevices() == 0 {
			t.Skip("libtorch sees no GPU here")
		}
		require.Equal(t, stateHash(t, "cuda", hardware.FP32, 1), stateHash(t, "cuda", hardware.FP32, 1))
	})
}

// trainedWith returns the weights after twenty steps with the kernels, from initial
// weights that are changed by factors of 1 - change to 1 + change.
func trainedWith(t *testing.T, kernels string, change float64) []safetensors.Tensor {
	t.Helper()
	opt := toyOptions()
	opt.Model = ModelSpec{Width: 8, Channels: 1, Height: 28, WidthPx: 28, Classes: 4}
	opt.Images, opt.Train.Batch, opt.Train.Epochs, opt.Train.LR, opt.Kernels = 320, 16, 1, 0.002, kernels
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	defer trainer.Close()
	state, err := trainer.State()
	require.NoError(t, err)
	rng := streams.New(4, "kernels test")
	for _, p := range state.Model {
		for i := range p.Values {
			p.Values[i] *= float32(1 + change*(2*rng.Float64()-1))
		}
	}
	require.NoError(t, trainer.Restore(state))
	images, labels := toyImages(784*opt.Images/64, 1) // of 8x8 pixels
	require.NoError(t, trainer.Upload(images, labels[:opt.Images]))
	_, err = trainer.Epoch(order(opt.Images, 1, 0), nil)
	require.NoError(t, err)
	state, err = trainer.State()
	require.NoError(t, err)
	return state.Model
}

// TestKernels: twenty steps with the kernels that are fastest end as near those
// with direct sums as twenty steps from initial weights that differ by a millionth,
// the relative error of a layer. Training multiplies either difference by the
// thousand, so a fixed tolerance would say little.
func TestKernels(t *testing.T) {
	direct := trainedWith(t, KernelsDirect, 0)
	distance := func(model []safetensors.Tensor) float64 {
		var squares, all float64
		for i, p := range direct {
			for j, v := range p.Values {
				d := float64(model[i].Values[j]) - float64(v)
				squares += d * d
				all += float64(v) * float64(v)
			}
		}
		return math.Sqrt(squares / all)
	}
	auto, changed := trainedWith(t, KernelsAuto, 0), trainedWith(t, KernelsDirect, 1e-6)
	t.Logf("relative distance from direct sums: %.1e, of changed weights %.1e", distance(auto), distance(changed))
	require.LessOrEqual(t, distance(auto), 5*distance(changed))
	require.Equal(t, auto, trainedWith(t, "", 0), "without a choice the fastest are meant")
}

// The native step has the same bits where the number of threads changes between epochs.
func TestThreadsMayChangeBetweenEpochs(t *testing.T) {
	train := func(threads ...int) State {
		opt := toyOptions()
		opt.Model = ModelSpec{Width: 8, Channels: 1, Height: 16, WidthPx: 16, Classes: 4}
		opt.Images, opt.Train.Batch, opt.Train.Epochs, opt.Threads = 64, 32, len(threads), 1
		trainer, err := NewTrainer(opt)
		require.NoError(t, err)
		defer trainer.Close()
		require.ErrorIs(t, trainer.SetThreads(0), ErrOptions)
		images, labels := toyImages(4*opt.Images, 1)
		require.NoError(t, trainer.Upload(images, labels[:opt.Images]))
		for epoch, n := range threads {
			require.NoError(t, trainer.SetThreads(n))
			_, err := trainer.Epoch(order(opt.Images, 1, uint64(epoch)), nil)
			require.NoError(t, err)
		}
		state, err := trainer.State()
		require.NoError(t, err)
		return state
	}
	require.Equal(t, train(1, 1, 1, 1), train(1, 3, 2, 5))
}
