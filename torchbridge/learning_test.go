package torchbridge

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/hardware"
	"backfire/internal/network"
)

// learning is what scripts/reference/learning.py writes.
type learning struct {
	Images, Classes, Width, Batch, Epochs int
	Cases                                 []learningCase
}

// learningCase is how a network learnt.
type learningCase struct {
	Architecture, Stem        string
	Size                      int
	Steps, Losses, Accuracies []float64
}

func readLearning(t *testing.T) learning {
	t.Helper()
	text, err := os.ReadFile("testdata/learning.json")
	require.NoError(t, err)
	var all learning
	require.NoError(t, json.Unmarshal(text, &all))
	return all
}

// congruential draws values in [0, 1) as the script does.
func congruential(seed uint32, n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		seed = 1664525*seed + 1013904223
		values[i] = float64(seed>>8) / (1 << 24)
	}
	return values
}

// learnableSet returns images of one channel, each with a pattern of its class and noise.
func learnableSet(images, classes, size int) (pixels []uint8, labels []uint16) {
	patterns, noise := congruential(1, classes*size*size), congruential(2, images*size*size)
	for i, v := range noise {
		class := i / (size * size) % classes
		pixels = append(pixels, uint8(patterns[class*size*size+i%(size*size)]*128)+uint8(v*128))
	}
	for i := range images {
		labels = append(labels, uint16(i%classes))
	}
	return pixels, labels
}

// twinWeights replaces the initial weights by those that the script draws.
func twinWeights(t *testing.T, trainer *Trainer, last string) {
	t.Helper()
	state, err := trainer.State()
	require.NoError(t, err)
	trained := len(trainer.net.params) // which come first
	for i, p := range state.Model[:trained] {
		bound := 0.0
		switch len(p.Shape) {
		case 4:
			bound = math.Sqrt(6 / float64(p.Shape[0]*p.Shape[2]*p.Shape[3]))
		case 2:
			bound = 1 / math.Sqrt(float64(p.Shape[1]))
		}
		if p.Name == last+".bias" {
			clear(p.Values)
		}
		if bound == 0 {
			continue
		}
		for at, v := range congruential(uint32(i+3), len(p.Values)) {
			state.Model[i].Values[at] = float32((2*v - 1) * bound)
		}
	}
	require.NoError(t, trainer.Restore(state))
}

// With the default settings of a training, the loss of each network falls and its accuracy
// rises as those of its twin in PyTorch from the same initial weights.
func TestNetworksLearnAsTheirTwins(t *testing.T) {
	all := readLearning(t)
	var tried []string
	for _, c := range all.Cases {
		tried = append(tried, c.Architecture)
		t.Run(c.Architecture+"/"+c.Stem, func(t *testing.T) {
			trainer := all.trainer(t, c)
			described, err := trainer.opt.Model.describe()
			require.NoError(t, err)
			twinWeights(t, trainer, described.Last)
			steps, losses, accuracies := all.learn(t, trainer, c)
			require.InEpsilonSlice(t, c.Steps, steps[:len(c.Steps)], 3e-3)
			last := all.Epochs - 1
			require.InDelta(t, c.Losses[0], losses[0], 0.05)
			require.InDelta(t, c.Losses[last], losses[last], 0.25)
			require.InDelta(t, c.Accuracies[last], accuracies[last], 0.1)
			requireLearnt(t, losses, accuracies)
		})
	}
	for _, name := range network.Architectures() {
		require.Contains(t, tried, name)
	}
}

// From weights that are drawn, each network learns, too.
func TestNetworksLearn(t *testing.T) {
	all := readLearning(t)
	for _, c := range all.Cases {
		if c.Stem == network.StemLarge {
			continue // seen in the other test
		}
		t.Run(c.Architecture, func(t *testing.T) {
			_, losses, accuracies := all.learn(t, all.trainer(t, c), c)
			requireLearnt(t, losses, accuracies)
		})
	}
}

// requireLearnt requires that the losses of epochs fell by 30 % or more, and that their
// accuracies rose by 40 points or more.
func requireLearnt(t *testing.T, losses, accuracies []float64) {
	t.Helper()
	last := len(losses) - 1
	require.Less(t, losses[last], 0.7*losses[0])
	require.Greater(t, accuracies[last], accuracies[0]+0.4)
}

// trainer returns a trainer of a case's network with the default settings.
func (l learning) trainer(t *testing.T, c learningCase) *Trainer {
	t.Helper()
	trainer, err := NewTrainer(Options{
		Model: ModelSpec{Architecture: c.Architecture, Stem: c.Stem, Width: l.Width, Channels: 1, Height: c.Size, WidthPx: c.Size, Classes: l.Classes},
		Train: TrainSpec{
			Epochs: l.Epochs, Batch: l.Batch, Optimizer: OptimizerSGD, LR: 0.1, Momentum: 0.9, WeightDecay: 5e-4, Schedule: ScheduleOneCycle,
		},
		Images: l.Images, Mean: []float32{0.5}, Std: []float32{0.25}, Device: "cpu", Precision: hardware.FP32, Threads: 1, Seed: 1,
	})
	require.NoError(t, err)
	t.Cleanup(trainer.Close)
	return trainer
}

// learn trains on the set of a case and returns the losses of the steps of the first epoch,
// and the losses and accuracies of the epochs.
func (l learning) learn(t *testing.T, trainer *Trainer, c learningCase) (steps, losses, accuracies []float64) {
	t.Helper()
	pixels, labels := learnableSet(l.Images, l.Classes, c.Size)
	require.NoError(t, trainer.Upload(pixels, labels))
	order := make([]int32, l.Images)
	for i := range order {
		order[i] = int32(i)
	}
	before := 0.0
	for range l.Epochs {
		stats, err := trainer.Epoch(order, func(int) error {
			sum, err := read[float32](trainer.lossSum)
			steps = append(steps, (float64(sum[0])-before)/float64(l.Batch))
			before = float64(sum[0])
			return err
		})
		require.NoError(t, err)
		losses, accuracies = append(losses, stats.Loss), append(accuracies, stats.Accuracy)
	}
	return steps, losses, accuracies
}
