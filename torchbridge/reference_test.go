package torchbridge

import (
	"cmp"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/hardware"
)

// float32s is base64 of little-endian float32 values.
type float32s []float32

func (f *float32s) UnmarshalJSON(text []byte) error {
	var raw []byte
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	for ; len(raw) > 0; raw = raw[4:] {
		*f = append(*f, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
	}
	return nil
}

// referenceCase is one training as scripts/reference/train_small.py recorded it.
type referenceCase struct {
	Name        string
	Channels    int
	Size        int
	Width       int
	Epochs      int
	Batch       int
	Optimizer   string
	LR          float64
	Momentum    float64
	WeightDecay float64 `json:"weight_decay"`
	Nesterov    bool
	Schedule    string
	Precision   string // empty: fp32
	Mean, Std   []float32
	Images      []uint8
	Labels      []uint8
	Probes      []uint8
	Orders      [][]int32
	Losses      []float64
	Rates       []float64
	Initial     map[string]float32s
	Gradients   map[string]float32s
	Final       map[string]float32s
	Predicted   []uint8Number
	Margins     []float64
	Kernels     string `json:"-"` // of the training that is compared
}

// labels returns the labels of the images.
func (c referenceCase) labels() []uint16 {
	labels := make([]uint16, len(c.Labels))
	for i, label := range c.Labels {
		labels[i] = uint16(label)
	}
	return labels
}

// uint8Number is a byte written as a number; []uint8 would be base64.
type uint8Number uint8

// loadReference returns the cases of a precision, "" for fp32.
func loadReference(t *testing.T, precision string) []referenceCase {
	t.Helper()
	file, err := os.Open("testdata/pytorch.json.gz")
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	var reference struct{ Cases []referenceCase }
	require.NoError(t, json.NewDecoder(unzipped).Decode(&reference))
	cases := slices.DeleteFunc(reference.Cases, func(c referenceCase) bool { return c.Precision != precision })
	require.NotEmpty(t, cases)
	return cases
}

func (c referenceCase) options(device string) Options {
	return Options{
		Model: ModelSpec{Width: c.Width, Channels: c.Channels, Height: c.Size, WidthPx: c.Size, Classes: 10},
		Train: TrainSpec{
			Epochs: c.Epochs, Batch: c.Batch, Optimizer: c.Optimizer, LR: c.LR, Momentum: c.Momentum,
			WeightDecay: c.WeightDecay, Nesterov: c.Nesterov, Schedule: c.Schedule,
		},
		Images: len(c.Labels), Mean: c.Mean, Std: c.Std, Device: device, Precision: cmp.Or(c.Precision, hardware.FP32), Kernels: c.Kernels, Threads: 1, Seed: 1,
	}
}

func (c referenceCase) trainer(t *testing.T, device string) *Trainer {
	t.Helper()
	trainer, err := NewTrainer(c.options(device))
	require.NoError(t, err)
	t.Cleanup(trainer.Close)
	state, err := trainer.State()
	require.NoError(t, err)
	require.Len(t, state.Model, len(c.Initial))
	for i, p := range state.Model {
		state.Model[i].Values = c.Initial[p.Name]
	}
	require.NoError(t, trainer.Restore(state))
	require.NoError(t, trainer.Upload(c.Images, c.labels()))
	return trainer
}

// devices are the devices the tests run on: the CPU, and a GPU where there is one.
func devices() []string {
	if cudaDevices() > 0 {
		return []string{"cpu", "cuda:0"}
	}
	return []string{"cpu"}
}

// Tolerances against PyTorch in float64. PyTorch's own float32 differs from it by
// up to 3e-5 in these gradients, 1e-6 in the losses and 5e-5 in the final weights;
// other kernels (memory format, instruction set) add in another order, and twenty
// steps through batch normalisation of small batches amplify that some ten times.
//
// Winograd's algorithms have other rounding errors, and stay within the same
// tolerances: losses deviate by 1e-6. With either kind of kernels, a normalised value
// next to zero may get the other sign. Then ReLU passes a gradient that it cut off
// before, and the trainings part. This happens to one case with Winograd's AVX2
// kernels, from the sixth step on, so one case may part after its firstSteps.
const (
	gradientTolerance = 1e-4
	lossTolerance     = 2e-4
	finalTolerance    = 2e-3
	firstSteps        = 3
)

// deviation returns the largest difference over the largest reference value.
func deviation(want, got []float32) float64 {
	scale, most := 1e-3, 0.0
	for i, v := range want {
		scale = max(scale, math.Abs(float64(v)))
		most = max(most, math.Abs(float64(v)-float64(got[i])))
	}
	return most / scale
}

// requireClose compares within tolerance times the largest reference value.
func requireClose(t require.TestingT, want, got []float32, tolerance float64, what string) {
	require.Len(t, got, len(want), what)
	scale := 0.0
	for _, v := range want {
		scale = max(scale, math.Abs(float64(v)))
	}
	for i := range want {
		require.InDelta(t, want[i], got[i], tolerance*max(scale, 1e-3), "%s[%d]", what, i)
	}
}

func TestTrainsAsPyTorch(t *testing.T) {
	for _, device := range devices() {
		for _, kernels := range []string{KernelsDirect, KernelsAuto} {
			parted := 0
			for _, c := range loadReference(t, "") {
				c.Kernels = kernels
				t.Run(fmt.Sprintf("%s/%s/%s", device, kernels, c.Name), func(t *testing.T) {
					if !c.trainsAlike(t, device) {
						parted++
					}
				})
			}
			if kernels == KernelsDirect {
				require.Zero(t, parted, "trainings that part from PyTorch's")
			}
			require.LessOrEqual(t, parted, 1, "trainings that part from PyTorch's")
		}
	}
}

// trainsAlike takes the case's steps and reports whether losses, final weights and
// predictions are PyTorch's. It fails if the first gradients or losses are others.
func (c referenceCase) trainsAlike(t *testing.T, device string) bool {
	trainer := c.trainer(t, device)
	var losses []float64
	for _, order := range c.Orders {
		require.NoError(t, trainer.begin(order))
		for start := 0; start < len(order); start += c.Batch {
			step := len(losses)
			require.InDelta(t, c.Rates[step], trainer.rate(step), 1e-12, "learning rate of step %d", step)
			trainer.scope.zero(trainer.lossSum)
			require.NoError(t, trainer.advance(c.Batch))
			sum, err := read[float32](trainer.lossSum)
			require.NoError(t, err)
			losses = append(losses, math.Abs(float64(sum[0])/float64(c.Batch)-c.Losses[step]))
			for i, p := range trainer.net.params {
				if step == 0 {
					gradient, err := trainer.gradient(i)
					require.NoError(t, err)
					requireClose(t, c.Gradients[p.name], gradient, gradientTolerance, "gradient of "+p.name)
				}
			}
		}
	}
	final, err := trainer.State()
	require.NoError(t, err)
	require.Len(t, final.Model, len(c.Final))
	weights := 0.0
	for _, p := range final.Model {
		require.Len(t, p.Values, len(c.Final[p.Name]), p.Name)
		weights = max(weights, deviation(c.Final[p.Name], p.Values))
	}
	t.Logf("deviations of the losses %.1e, of the final weights %.1e", losses, weights)
	require.LessOrEqual(t, slices.Max(losses[:firstSteps]), lossTolerance, "first losses")
	if slices.Max(losses) > lossTolerance || weights > finalTolerance {
		return false
	}
	predicted, err := trainer.Predict(c.Probes)
	require.NoError(t, err)
	for i, want := range c.Predicted {
		if c.Margins[i] > 0.05 { // nearer ones may fall either way in float32
			require.Equal(t, uint16(want), predicted[i], "probe %d", i)
		}
	}
	return true
}
