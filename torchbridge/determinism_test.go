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

// Twenty steps with the kernels that are fastest and with direct sums give the
// same model within what twenty steps may differ from PyTorch's. The learning rate
// is small: at larger ones training multiplies any difference of the first step by
// thousands.
func TestKernels(t *testing.T) {
	train := func(kernels string) ([]safetensors.Tensor, EpochStats) {
		opt := toyOptions()
		opt.Model = ModelSpec{Width: 8, Channels: 1, Height: 28, WidthPx: 28, Classes: 4}
		opt.Images, opt.Train.Batch, opt.Train.Epochs, opt.Train.LR, opt.Kernels = 320, 16, 1, 0.002, kernels
		trainer, err := NewTrainer(opt)
		require.NoError(t, err)
		defer trainer.Close()
		images, labels := toyImages(784*opt.Images/64, 1) // of 8x8 pixels
		require.NoError(t, trainer.Upload(images, labels[:opt.Images]))
		stats, err := trainer.Epoch(order(opt.Images, 1, 0), nil)
		require.NoError(t, err)
		state, err := trainer.State()
		require.NoError(t, err)
		return state.Model, stats
	}
	direct, directStats := train(KernelsDirect)
	auto, autoStats := train(KernelsAuto)
	unset, _ := train("")
	require.Equal(t, auto, unset, "auto is what is meant without a choice")
	require.InDelta(t, directStats.Loss, autoStats.Loss, lossTolerance)
	for i, p := range direct {
		requireClose(t, p.Values, auto[i].Values, finalTolerance, p.Name)
	}
}
