package torchbridge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// stateHash trains a few steps of a network, and is the SHA-256 of all tensors that come out, the optimiser's too.
func stateHash(t *testing.T, device string) string {
	t.Helper()
	opt := toyOptions()
	opt.Model = ModelSpec{Width: 8, Channels: 1, Height: 16, WidthPx: 16, Classes: 4}
	opt.Images, opt.Train.Batch, opt.Train.Epochs = 64, 32, 1
	opt.Device = device
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

// The same training ends with the same bits: again, on the same device with one thread.
func TestSameBits(t *testing.T) {
	t.Run("CPU", func(t *testing.T) {
		require.Equal(t, stateHash(t, "cpu"), stateHash(t, "cpu"))
	})
	t.Run("GPU", func(t *testing.T) {
		if cudaDevices() == 0 {
			t.Skip("libtorch sees no GPU here")
		}
		require.Equal(t, stateHash(t, "cuda"), stateHash(t, "cuda"))
	})
}
