package torchbridge

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A network of 1,000 classes learns labels that no byte holds, in its own kernels as in
// libtorch's graph, and predicts them.
func TestLabelsBeyondAByte(t *testing.T) {
	for _, kernels := range []string{KernelsAuto, KernelsDirect} {
		t.Run(kernels, func(t *testing.T) {
			opt := toyOptions()
			opt.Model.Classes, opt.Kernels, opt.Train.Epochs = 1000, kernels, 20
			trainer, err := NewTrainer(opt)
			require.NoError(t, err)
			t.Cleanup(trainer.Close)
			images, labels := toyImages(opt.Images, 1)
			for i := range labels {
				labels[i] = 999 - 250*labels[i] // 999, 749, 499, 249
			}
			require.NoError(t, trainer.Upload(images, labels))
			for epoch := range opt.Train.Epochs {
				_, err = trainer.Epoch(order(opt.Images, opt.Seed, uint64(epoch)), nil)
				require.NoError(t, err)
			}
			predicted, err := trainer.Predict(images)
			require.NoError(t, err)
			hits := 0
			for i, class := range predicted {
				if class == labels[i] {
					hits++
				}
			}
			require.Greater(t, hits, 35, "of 40")
			probabilities, err := trainer.Probabilities(images)
			require.NoError(t, err)
			require.Len(t, probabilities, 1000*opt.Images)
			labels[0] = 1000
			require.ErrorContains(t, trainer.Upload(images, labels), "label 1000 of image 0 is outside 0 to 999")
		})
	}
	opt := toyOptions()
	opt.Model.Classes = 1001
	_, err := NewTrainer(opt)
	require.ErrorIs(t, err, ErrOptions)
}
