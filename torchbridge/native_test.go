package torchbridge

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/safetensors"
	"backfire/internal/streams"
)

// nativeCase is a training that is taken by the native network and by libtorch's graph.
type nativeCase struct {
	width, channels, size, batch int
	optimizer                    string
	nesterov                     bool
	parts                        string // of randomTransform
	add                          bool
}

func (c nativeCase) options(graph bool) Options {
	opt := Options{
		Model: ModelSpec{Width: c.width, Channels: c.channels, Height: c.size, WidthPx: c.size + 1, Classes: 5},
		Train: TrainSpec{
			Epochs: 4, Batch: c.batch, Optimizer: c.optimizer, LR: 1e-3, Momentum: 0.9, WeightDecay: 5e-4, Nesterov: c.nesterov,
			Schedule: ScheduleOneCycle,
		},
		Images: 4*c.batch + c.batch/2, // five steps, the last one smaller
		Mean:   []float32{0.4, 0.5, 0.6}[:c.channels], Std: []float32{0.3, 0.2, 0.25}[:c.channels],
		Device: "cpu", Precision: "fp32", Threads: 1, Seed: 3, graph: graph,
	}
	if c.optimizer != OptimizerSGD {
		opt.Train.LR, opt.Train.Momentum = 1e-4, 0
	}
	if c.parts != "" {
		opt.Transform = func(epoch, step, n int) BatchTransform {
			return randomTransform(opt.Model, c.parts, c.add, epoch, step, n)
		}
	}
	return opt
}

// data draws a training set in which labels can be learnt from the brightness.
func (c nativeCase) data(opt Options) (images []uint8, labels []uint16) {
	rng := streams.New(5, "native test")
	size := opt.Model.Channels * opt.Model.Height * opt.Model.WidthPx
	for range opt.Images {
		label := rng.IntN(opt.Model.Classes)
		labels = append(labels, uint16(label))
		for range size {
			images = append(images, uint8(rng.IntN(100)+35*label))
		}
	}
	return images, labels
}

// nativeTrainer makes a trainer with an uploaded training set, whose initial weights are
// changed by factors of 1 - change to 1 + change.
func nativeTrainer(t *testing.T, c nativeCase, opt Options, change float64) *Trainer {
	t.Helper()
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	t.Cleanup(trainer.Close)
	require.Equal(t, !opt.graph, trainer.native != nil)
	state, err := trainer.State()
	require.NoError(t, err)
	rng := streams.New(4, "native test")
	for _, p := range state.Model {
		for i := range p.Values {
			p.Values[i] *= float32(1 + change*(2*rng.Float64()-1))
		}
	}
	require.NoError(t, trainer.Restore(state))
	images, labels := c.data(opt)
	require.NoError(t, trainer.Upload(images, labels))
	return trainer
}

// gradient returns the last gradient of a parameter.
func (t *Trainer) gradient(index int) ([]float32, error) {
	if t.native != nil {
		return t.native.gradient(index)
	}
	return read[float32](tensor{t.grads[index]})
}

// distance returns the relative distance of two lists of tensors.
func distance(want, got []safetensors.Tensor) float64 {
	var squares, all float64
	for i, p := range want {
		for j, v := range p.Values {
			d := float64(got[i].Values[j]) - float64(v)
			squares += d * d
			all += float64(v) * float64(v)
		}
	}
	return math.Sqrt(squares / all)
}

var nativeCases = []nativeCase{
	{width: 8, channels: 1, size: 13, batch: 8, optimizer: OptimizerSGD},
	{width: 16, channels: 3, size: 16, batch: 8, optimizer: OptimizerSGD, nesterov: true},
	{width: 4, channels: 3, size: 9, batch: 6, optimizer: OptimizerAdam},
	{width: 10, channels: 1, size: 8, batch: 8, optimizer: OptimizerAdamW},
	{width: 24, channels: 3, size: 8, batch: 4, optimizer: OptimizerSGD},
	{width: 1, channels: 3, size: 8, batch: 8, optimizer: OptimizerSGD},
	{width: 8, channels: 3, size: 8, batch: 8, optimizer: OptimizerSGD, parts: "stamps"},
	{width: 8, channels: 3, size: 8, batch: 8, optimizer: OptimizerSGD, parts: "stamps cutmix", add: true},
	{width: 8, channels: 1, size: 9, batch: 8, optimizer: OptimizerSGD, parts: "mixup"},
	{width: 8, channels: 1, size: 9, batch: 8, optimizer: OptimizerSGD, parts: "attack"},
	{width: 8, channels: 3, size: 12, batch: 8, optimizer: OptimizerSGD, parts: "stamps mixup attack start", add: true},
}

// Tolerances of one step by the native network beside one by libtorch's graph, whose sums
// are made in another order. Gradients are compared by the largest value of their tensor,
// or by a hundredth of the largest of all: behind a normalisation of few channels a
// convolution's gradient is the small difference of large sums.
const (
	nativeLossTolerance     = 1e-5
	nativeGradientTolerance = 2e-4
)

// TestNativeStepIsTheGraphs: the first loss and gradients of the native network are those
// of libtorch's graph, whatever the shape, the optimiser and the transform of the batch.
func TestNativeStepIsTheGraphs(t *testing.T) {
	for _, c := range nativeCases {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			var losses []float64
			var gradients [2][][]float32
			for i, graph := range []bool{true, false} {
				opt := c.options(graph)
				trainer := nativeTrainer(t, c, opt, 0)
				require.NoError(t, trainer.begin(order(opt.Images, 1, 0)))
				require.NoError(t, trainer.advance(c.batch))
				sum, err := read[float32](trainer.lossSum)
				require.NoError(t, err)
				losses = append(losses, float64(sum[0])/float64(trainer.trained))
				for p := range trainer.net.params {
					g, err := trainer.gradient(p)
					require.NoError(t, err)
					gradients[i] = append(gradients[i], g)
				}
				hits, err := read[int64](trainer.hits)
				require.NoError(t, err)
				require.LessOrEqual(t, hits[0], int64(trainer.trained))
				trainer.scope.reset()
			}
			require.InEpsilon(t, losses[0], losses[1], nativeLossTolerance)
			most, largest := 0.0, 0.0
			for _, g := range gradients[0] {
				largest = max(largest, magnitude(g))
			}
			for p, want := range gradients[0] {
				differences := make([]float32, len(want))
				for i := range want {
					differences[i] = want[i] - gradients[1][p][i]
				}
				most = max(most, magnitude(differences)/max(magnitude(want), largest/100))
			}
			t.Logf("loss %.6f, deviation %.1e; of the gradients %.1e", losses[0], math.Abs(losses[0]-losses[1]), most)
			require.LessOrEqual(t, most, nativeGradientTolerance)
		})
	}
}

// magnitude returns the largest absolute value.
func magnitude(values []float32) float64 {
	most := 0.0
	for _, v := range values {
		most = max(most, math.Abs(float64(v)))
	}
	return most
}

// finalOf trains all epochs, with a state that is taken and restored on the way, and
// returns the weights.
func finalOf(t *testing.T, c nativeCase, opt Options, change float64) (*Trainer, State) {
	t.Helper()
	trainer := nativeTrainer(t, c, opt, change)
	for epoch := range opt.Train.Epochs {
		stats, err := trainer.Epoch(order(opt.Images, 1, uint64(epoch)), nil)
		require.NoError(t, err)
		require.Positive(t, stats.Images)
		if epoch == 1 {
			state, err := trainer.State()
			require.NoError(t, err)
			require.NoError(t, trainer.Restore(state))
		}
	}
	state, err := trainer.State()
	require.NoError(t, err)
	return trainer, state
}

// Tolerances of twenty steps. A normalised value next to zero may get the other sign by a
// rounding; then ReLU passes a gradient that it cut off before, and the trainings part. So
// they may be as far from the graph's as these are from themselves when the initial weights
// change by a millionth, for three such changes, or a thousandth.
const (
	nativeFactor = 5
	nativeFinal  = 1e-3
)

// TestNativeTrainingIsTheGraphs: twenty steps end where those of libtorch's graph do, and
// predictions from one state are the graph's but for rounding.
func TestNativeTrainingIsTheGraphs(t *testing.T) {
	for _, c := range nativeCases {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			graph, want := finalOf(t, c, c.options(true), 0)
			network, got := finalOf(t, c, c.options(false), 0)
			require.Equal(t, want.Step, got.Step)
			require.Len(t, got.Optimizer, len(want.Optimizer))
			changed := 0.0
			for _, change := range []float64{1e-6, -1e-6, 5e-7} {
				_, other := finalOf(t, c, c.options(true), change)
				changed = max(changed, distance(want.Model, other.Model))
			}
			t.Logf("relative distance from the graph's: %.1e; of changed weights: %.1e", distance(want.Model, got.Model), changed)
			require.LessOrEqual(t, distance(want.Model, got.Model), max(nativeFactor*changed, nativeFinal))

			require.NoError(t, network.Restore(want))
			images, _ := c.data(graph.opt)
			for name, part := range map[string]func(t *Trainer) ([]float32, error){
				"features":      func(t *Trainer) ([]float32, error) { return t.Features(images) },
				"probabilities": func(t *Trainer) ([]float32, error) { return t.Probabilities(images) },
			} {
				a, err := part(graph)
				require.NoError(t, err)
				b, err := part(network)
				require.NoError(t, err)
				require.LessOrEqual(t, deviation(a, b), 1e-4, name)
			}
		})
	}
}

// arithmetics are the sets of kernels that this processor has.
func arithmetics(t *testing.T) []string {
	t.Helper()
	var have []string
	for _, name := range []string{"avx512", "avx2", "neon", "plain"} {
		if useKernels(name) == nil {
			have = append(have, name)
		}
	}
	require.NoError(t, useKernels("auto"))
	t.Cleanup(func() { require.NoError(t, useKernels("auto")) })
	return have
}

// all returns every number that a training leaves: weights, the optimiser's state,
// features, probabilities, classes, and the weights after unlearning.
func (c nativeCase) all(t *testing.T, opt Options) []safetensors.Tensor {
	t.Helper()
	trainer, state := finalOf(t, c, opt, 0)
	images, _ := c.data(opt)
	out := slices.Concat(state.Model, state.Optimizer)
	for name, part := range map[string]func([]uint8) ([]float32, error){"features": trainer.Features, "probabilities": trainer.Probabilities} {
		values, err := part(images)
		require.NoError(t, err)
		out = append(out, safetensors.Tensor{Name: name, Values: values})
	}
	slices.SortFunc(out[len(out)-2:], func(a, b safetensors.Tensor) int { return len(a.Name) - len(b.Name) })
	require.NoError(t, trainer.Unlearn([]Unlearning{{Forget: []int64{0, 2}, Keep: []int64{1, 3, 4}}}, 1e-3))
	state, err := trainer.State()
	require.NoError(t, err)
	return append(out, state.Model...)
}

// TestOneArithmetic: a training leaves the same bits with every set of kernels and with any
// number of threads.
func TestOneArithmetic(t *testing.T) {
	sets := arithmetics(t)
	for _, c := range append(slices.Clone(nativeCases),
		nativeCase{width: 8, channels: 1, size: 28, batch: 16, optimizer: OptimizerSGD},
		nativeCase{width: 32, channels: 3, size: 9, batch: 6, optimizer: OptimizerSGD},
	) {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			opt := c.options(false)
			opt.Train.Epochs = 2
			var want []safetensors.Tensor
			for _, set := range sets {
				require.NoError(t, useKernels(set))
				for _, threads := range []int{1, 2, 5} {
					if set == "plain" && threads > 1 {
						continue
					}
					opt.Threads = threads
					got := c.all(t, opt)
					if want == nil {
						want = got
						continue
					}
					for i := range want {
						require.True(t, sameBits(want[i].Values, got[i].Values), "%s with %s and %d threads", want[i].Name, set, threads)
					}
				}
			}
		})
	}
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}
