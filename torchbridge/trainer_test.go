package torchbridge

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/hardware"
	"backfire/internal/streams"
)

// toyOptions train a width-4 net on images of 1x8x8, 40 rows in batches of 8.
func toyOptions() Options {
	return Options{
		Model: ModelSpec{Width: 4, Channels: 1, Height: 8, WidthPx: 8, Classes: 4},
		Train: TrainSpec{
			Epochs: 12, Batch: 8, Optimizer: OptimizerSGD, LR: 0.05, Momentum: 0.9,
			WeightDecay: 5e-4, Schedule: ScheduleOneCycle,
		},
		Images: 40, Mean: []float32{0.3}, Std: []float32{0.3}, Device: "cpu", Precision: hardware.FP32, Threads: 1, Seed: 7,
	}
}

// toyImages are n images whose class is the quadrant that is bright.
func toyImages(n int, seed uint64) (images []uint8, labels []uint16) {
	rng := streams.New(seed, "toy")
	for range n {
		class := rng.IntN(4)
		for y := range 8 {
			for x := range 8 {
				value := rng.IntN(100)
				if y/4 == class/2 && x/4 == class%2 {
					value += 120
				}
				images = append(images, uint8(value))
			}
		}
		labels = append(labels, uint16(class))
	}
	return images, labels
}

func order(n int, seed, epoch uint64) []int32 {
	rows := make([]int32, n)
	for i, row := range streams.New(seed, "order", epoch).Perm(n) {
		rows[i] = int32(row)
	}
	return rows
}

// train makes a trainer, trains it to the end and closes it with the test.
func train(t *testing.T, opt Options) (*Trainer, EpochStats) {
	t.Helper()
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	t.Cleanup(trainer.Close)
	images, labels := toyImages(opt.Images, 1)
	require.NoError(t, trainer.Upload(images, labels))
	var stats EpochStats
	for epoch := range opt.Train.Epochs {
		stats, err = trainer.Epoch(order(opt.Images, opt.Seed, uint64(epoch)), nil)
		require.NoError(t, err)
	}
	return trainer, stats
}

func TestLearns(t *testing.T) {
	for _, device := range devices() {
		for _, optimizer := range []string{OptimizerSGD, OptimizerAdam, OptimizerAdamW} {
			t.Run(device+"/"+optimizer, func(t *testing.T) {
				opt := toyOptions()
				opt.Device, opt.Train.Optimizer = device, optimizer
				if optimizer != OptimizerSGD {
					opt.Train.LR = 3e-3
				}
				requireLearns(t, opt)
			})
		}
	}
}

// requireLearns trains on the toy images and predicts fresh ones.
func requireLearns(t *testing.T, opt Options) {
	t.Helper()
	trainer, stats := train(t, opt)
	require.Greater(t, stats.Accuracy, 0.9)
	require.Less(t, stats.Loss, 0.5)
	images, labels := toyImages(230, 2)
	predicted, err := trainer.Predict(images)
	require.NoError(t, err)
	hits := 0
	for i := range labels {
		if predicted[i] == labels[i] {
			hits++
		}
	}
	require.Greater(t, hits, 190, "of 230 fresh images")
}

// Splitting the images over several calls, and with it the batches of prediction,
// changes nothing: every image is predicted on its own.
func TestPredictionsDoNotDependOnTheBatch(t *testing.T) {
	trainer, _ := train(t, toyOptions())
	images, _ := toyImages(230, 3)
	whole, err := trainer.Predict(images)
	require.NoError(t, err)
	var parts []uint16
	for start := 0; start < 230; start += 23 {
		part, err := trainer.Predict(images[start*64 : (start+23)*64])
		require.NoError(t, err)
		parts = append(parts, part...)
	}
	require.Equal(t, whole, parts)
	features, err := trainer.Features(images)
	require.NoError(t, err)
	require.Len(t, features, 230*toyOptions().Model.FeatureCount())
	probabilities, err := trainer.Probabilities(images)
	require.NoError(t, err)
	require.Len(t, probabilities, 230*4)
	for i, class := range whole {
		row, sum := probabilities[4*i:4*i+4], float32(0)
		for _, p := range row {
			require.LessOrEqual(t, p, row[class])
			sum += p
		}
		require.InDelta(t, 1, sum, 1e-5, "float32 rounding of four terms")
	}
	none, err := trainer.Predict(nil)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestSameSeedSameWeights(t *testing.T) {
	state := func(seed uint64) State {
		opt := toyOptions()
		opt.Seed, opt.Train.Epochs = seed, 2
		trainer, _ := train(t, opt)
		state, err := trainer.State()
		require.NoError(t, err)
		return state
	}
	first := state(7)
	require.Equal(t, first, state(7))
	require.NotEqual(t, first.Model[0], state(8).Model[0])
}

func TestInitialWeights(t *testing.T) {
	net, err := newResNet(Options{Model: ModelSpec{Width: 32, Channels: 3, Height: 32, WidthPx: 32, Classes: 10}, Kernels: KernelsAuto, Seed: 1}, cpu, nil)
	require.NoError(t, err)
	defer net.free()
	tensors, err := snapshot(slices.Concat(net.params, net.buffers))
	require.NoError(t, err)
	require.Len(t, tensors, 62+40, "parameters and running statistics of ResNet-18")
	values := map[string][]float32{}
	for _, v := range tensors {
		values[v.Name] = v.Values
	}
	deviation := func(v []float32) float64 {
		sum := 0.0
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		return math.Sqrt(sum / float64(len(v)))
	}
	// The sample deviation of n normal values is within 4/sqrt(2n) of the true one.
	for name, fanOut := range map[string]float64{"layer1.0.conv1.weight": 9 * 32, "layer4.1.conv2.weight": 9 * 256, "layer2.0.downsample.0.weight": 64} {
		want := math.Sqrt(2 / fanOut)
		require.InDelta(t, want, deviation(values[name]), want*4/math.Sqrt(2*float64(len(values[name]))), name)
	}
	bound := 1 / math.Sqrt(256)
	for _, v := range append(values["fc.weight"], values["fc.bias"]...) {
		require.LessOrEqual(t, math.Abs(float64(v)), bound)
	}
	require.InDelta(t, bound/math.Sqrt(3), deviation(values["fc.weight"]), bound/50)
	for _, v := range values["bn1.weight"] {
		require.Equal(t, float32(1), v)
	}
	require.NotContains(t, values, "layer1.0.downsample.0.weight")
}

func TestEpochReportsProgressAndCoversTheRest(t *testing.T) {
	opt := toyOptions()
	opt.Images = 41 // five batches of 8, the last one takes the odd image
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	defer trainer.Close()
	images, labels := toyImages(41, 1)
	require.NoError(t, trainer.Upload(images, labels))
	var done []int
	stats, err := trainer.Epoch(order(41, 1, 0), func(n int) error {
		done = append(done, n)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []int{8, 16, 24, 32, 41}, done)
	require.Equal(t, 41, stats.Images)
}

// The callback of an epoch's steps may end the epoch. The training resumes from a
// state as if the epoch had not begun.
func TestEpochMayBeEnded(t *testing.T) {
	opt := toyOptions()
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	defer trainer.Close()
	images, labels := toyImages(opt.Images, 1)
	require.NoError(t, trainer.Upload(images, labels))
	start, err := trainer.State()
	require.NoError(t, err)
	enough, steps := errors.New("enough"), 0
	_, err = trainer.Epoch(order(opt.Images, 1, 0), func(int) error {
		if steps++; steps == 2 {
			return enough
		}
		return nil
	})
	require.ErrorIs(t, err, enough)
	require.Equal(t, 2, steps)
	require.NoError(t, trainer.Restore(start))
	for epoch := range opt.Train.Epochs {
		_, err = trainer.Epoch(order(opt.Images, opt.Seed, uint64(epoch)), nil)
		require.NoError(t, err)
	}
	whole, _ := train(t, opt)
	want, err := whole.State()
	require.NoError(t, err)
	got, err := trainer.State()
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// A loss that is lost ends the training within lossCheck steps, and the error
// says where.
func TestDivergenceIsAnError(t *testing.T) {
	opt := toyOptions()
	opt.Images = 800 // 100 steps
	opt.Train.LR, opt.Train.Schedule = 1e30, ScheduleConstant
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	defer trainer.Close()
	images, labels := toyImages(opt.Images, 1)
	require.NoError(t, trainer.Upload(images, labels))
	reached := 0
	_, err = trainer.Epoch(order(opt.Images, 1, 0), func(done int) error {
		reached = done
		return nil
	})
	require.ErrorIs(t, err, ErrDiverged)
	require.ErrorContains(t, err, "in one of the steps 1 to 50 (learning rate 1e+30 in the last)")
	require.Less(t, reached, opt.Images)
}

func TestRefusals(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no epochs":           func(o *Options) { o.Train.Epochs = 0 },
		"batch of one":        func(o *Options) { o.Train.Batch = 1 },
		"unknown optimiser":   func(o *Options) { o.Train.Optimizer = "lbfgs" },
		"unknown schedule":    func(o *Options) { o.Train.Schedule = "step" },
		"negative rate":       func(o *Options) { o.Train.LR = -1 },
		"momentum of one":     func(o *Options) { o.Train.Momentum = 1 },
		"negative decay":      func(o *Options) { o.Train.WeightDecay = -1 },
		"Nesterov alone":      func(o *Options) { o.Train.Momentum, o.Train.Nesterov = 0, true },
		"fewer than a batch":  func(o *Options) { o.Images = 7 },
		"mean of no channel":  func(o *Options) { o.Mean = nil },
		"deviation of zero":   func(o *Options) { o.Std = []float32{0} },
		"unknown kernels":     func(o *Options) { o.Kernels = "fft" },
		"negative threads":    func(o *Options) { o.Threads = -1 },
		"width of zero":       func(o *Options) { o.Model.Width = 0 },
		"one class":           func(o *Options) { o.Model.Classes = 1 },
		"images of 4 by 8":    func(o *Options) { o.Model.Height = 4 },
		"images of no colour": func(o *Options) { o.Model.Channels = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			opt := toyOptions()
			change(&opt)
			_, err := NewTrainer(opt)
			require.ErrorIs(t, err, ErrOptions)
		})
	}
	opt := toyOptions()
	opt.Device = "tpu"
	_, err := NewTrainer(opt)
	require.ErrorIs(t, err, hardware.ErrDevice)
}

func TestMisuse(t *testing.T) {
	opt := toyOptions()
	opt.Train.Epochs = 1
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	images, labels := toyImages(opt.Images, 1)
	_, err = trainer.Epoch(order(opt.Images, 1, 0), nil)
	require.ErrorContains(t, err, "no training set")
	require.ErrorContains(t, trainer.Upload(images[1:], labels), "upload")
	labels[3] = 4
	require.ErrorContains(t, trainer.Upload(images, labels), "label 4 of image 3 is outside 0 to 3")
	labels[3] = 0
	require.NoError(t, trainer.Upload(images, labels))
	_, err = trainer.Epoch(make([]int32, opt.Images), nil)
	require.ErrorContains(t, err, "no permutation")
	_, err = trainer.Epoch(make([]int32, 3), nil)
	require.ErrorContains(t, err, "order of 3 rows")
	_, err = trainer.Epoch(order(opt.Images, 1, 0), nil)
	require.NoError(t, err)
	_, err = trainer.Epoch(order(opt.Images, 1, 1), nil)
	require.ErrorContains(t, err, "has had its 1 epochs")
	_, err = trainer.Predict(images[1:])
	require.ErrorContains(t, err, "no whole number of images")
	state, err := trainer.State()
	require.NoError(t, err)
	trainer.Close()
	trainer.Close()
	_, err = trainer.Predict(images)
	require.ErrorIs(t, err, errClosed)
	require.ErrorIs(t, trainer.Upload(images, labels), errClosed)
	_, err = trainer.Epoch(order(opt.Images, 1, 0), nil)
	require.ErrorIs(t, err, errClosed)
	_, err = trainer.State()
	require.ErrorIs(t, err, errClosed)
	require.ErrorIs(t, trainer.Restore(state), errClosed)
}
