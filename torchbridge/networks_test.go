package torchbridge

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/hardware"
	"backfire/internal/network"
)

// networkCase is a network as scripts/reference/networks.py computed it.
type networkCase struct {
	Architecture, Stem             string
	Channels, Size, Width, Classes int
	Images                         []uint8
	Labels                         []uint8Number
	Shapes                         map[string][]int64
	State                          map[string]float32s
	Probabilities                  float32s
	Loss                           float64
	Gradients                      map[string]float32s
}

func loadNetworks(t *testing.T) []networkCase {
	t.Helper()
	file, err := os.Open("testdata/networks.json.gz")
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	var reference struct{ Cases []networkCase }
	require.NoError(t, json.NewDecoder(unzipped).Decode(&reference))
	return reference.Cases
}

// Each network has exactly the tensors of its twin in PyTorch, so that a state dict loads
// strictly, and with the twin's weights it predicts what the twin predicts, and has its
// loss and its gradients.
func TestNetworksAreTheirTwins(t *testing.T) {
	var tried []string
	for _, c := range loadNetworks(t) {
		tried = append(tried, c.Architecture)
		for _, device := range devices() {
			t.Run(c.Architecture+"/"+c.Stem+"/"+device, func(t *testing.T) {
				batch := len(c.Labels)
				options := Options{
					Model:  ModelSpec{Architecture: c.Architecture, Stem: c.Stem, Width: c.Width, Channels: c.Channels, Height: c.Size, WidthPx: c.Size, Classes: c.Classes},
					Train:  TrainSpec{Epochs: 1, Batch: batch, Optimizer: OptimizerSGD, LR: 0.1, Schedule: ScheduleConstant},
					Images: batch, Mean: slices.Repeat([]float32{0.5}, c.Channels), Std: slices.Repeat([]float32{0.25}, c.Channels),
					Device: device, Precision: hardware.FP32, graph: true,
				}
				trainer, err := NewTrainer(options)
				require.NoError(t, err)
				defer trainer.Close()
				state, err := trainer.State()
				require.NoError(t, err)
				require.Len(t, state.Model, len(c.State))
				described, err := options.Model.describe()
				require.NoError(t, err)
				shapes := map[string][]int64{}
				for _, tensor := range described.Tensors() {
					shapes[tensor.Name] = tensor.Shape
				}
				require.Equal(t, c.Shapes, shapes)
				for i, p := range state.Model {
					require.Equal(t, c.Shapes[p.Name], p.Shape, p.Name)
					state.Model[i].Values = c.State[p.Name]
				}
				require.NoError(t, trainer.Restore(state))
				probabilities, err := trainer.Probabilities(c.Images)
				require.NoError(t, err)
				requireClose(t, c.Probabilities, probabilities, 1e-4, "probabilities")
				features, err := trainer.Features(c.Images)
				require.NoError(t, err)
				require.Len(t, features, batch*described.Features)
				c.requireStep(t, trainer)
			})
		}
	}
	for _, name := range network.Architectures() {
		require.Contains(t, tried, name)
	}
}

// requireStep takes a step of plain gradient descent and compares its loss, and the
// movement of the weights, with the twin's.
func (c networkCase) requireStep(t *testing.T, trainer *Trainer) {
	batch := len(c.Labels)
	labels, order := make([]uint8, batch), make([]int32, batch)
	for i, label := range c.Labels {
		labels[i], order[i] = uint8(label), int32(i)
	}
	require.NoError(t, trainer.Upload(c.Images, labels))
	require.NoError(t, trainer.begin(order))
	require.NoError(t, trainer.advance(batch))
	sum, err := read[float32](trainer.lossSum)
	require.NoError(t, err)
	require.InEpsilon(t, c.Loss, float64(sum[0])/float64(batch), 1e-4)
	// Without momentum, a step moves the weights against the gradients.
	after, err := trainer.State()
	require.NoError(t, err)
	for _, p := range after.Model {
		if want, ok := c.Gradients[p.Name]; ok {
			moved := make([]float32, len(want))
			for i, v := range c.State[p.Name] {
				moved[i] = (v - p.Values[i]) / 0.1
			}
			requireClose(t, want, moved, 2e-3, "step of "+p.Name)
		}
	}
}
