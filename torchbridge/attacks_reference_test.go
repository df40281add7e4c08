package torchbridge

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// attackReference is a case of testdata/attacks.json.gz, which scripts/reference/attacks.py made of the network of
// the case with the same name in testdata/pytorch.json.gz.
type attackReference struct {
	Name    string
	Rows    []int32
	Attacks []struct {
		Name          string
		Epsilon, Step float64
		Steps         int
		Start         float32s // offsets; none without a random start
		Examples      float32s // in 8-bit units
	}
	Forget, Keep []int64
	Rate         float64
	Steps        int
	Unlearned    map[string]float32s
}

func attackReferences(t *testing.T) []attackReference {
	t.Helper()
	file, err := os.Open("testdata/attacks.json.gz")
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	var reference struct{ Cases []attackReference }
	require.NoError(t, json.NewDecoder(unzipped).Decode(&reference))
	require.Len(t, reference.Cases, 2)
	return reference.Cases
}

// Adversarial examples are those of PyTorch. Where a gradient is next to zero, its sign may be another in float32, and
// the pixel then ends elsewhere within the bounds.
func TestAttacksAsPyTorch(t *testing.T) {
	for _, device := range devices() {
		for _, kernels := range []string{KernelsDirect, KernelsAuto} {
			for _, c := range attackReferences(t) {
				trained := loadReference(t, "")
				of := trained[slices.IndexFunc(trained, func(r referenceCase) bool { return r.Name == c.Name })]
				of.Kernels = kernels
				trainer := of.trainer(t, device)
				size := of.Channels * of.Size * of.Size
				for _, a := range c.Attacks {
					p := &Perturbation{Rows: c.Rows, Epsilon: a.Epsilon, StepSize: a.Step, Steps: a.Steps, Start: a.Start}
					pixels := perturbedPixels(t, trainer, 10, p)
					differing := 0
					for i, row := range c.Rows {
						for v := range size {
							if math.Abs(float64(pixels[int(row)*size+v]-a.Examples[i*size+v])) > 1e-2 {
								differing++
							}
						}
					}
					t.Logf("%s, %s, %s, %s: %d of %d values differ", device, kernels, c.Name, a.Name, differing, len(a.Examples))
					require.LessOrEqual(t, float64(differing), 0.01*float64(len(a.Examples)))
				}
			}
		}
	}
}

// perturbedPixels returns the first n rows of the uploaded set after a perturbation, in 8-bit units.
func perturbedPixels(t *testing.T, trainer *Trainer, n int, p *Perturbation) []float32 {
	t.Helper()
	pixels, _, _ := transformedBatch(t, trainer, n, BatchTransform{Perturbation: p}) // by the scale of the first channel
	opt := trainer.opt
	plane := opt.Model.Height * opt.Model.WidthPx
	for i, v := range pixels {
		c := i / plane % opt.Model.Channels
		input := (v/255 - opt.Mean[0]) / opt.Std[0]
		pixels[i] = 255 * (input*opt.Std[c] + opt.Mean[c])
	}
	return pixels
}

// Unlearning takes the steps of PyTorch.
func TestUnlearnsAsPyTorch(t *testing.T) {
	for _, device := range devices() {
		for _, kernels := range []string{KernelsDirect, KernelsAuto} {
			for _, c := range attackReferences(t) {
				t.Run(fmt.Sprintf("%s/%s/%s", device, kernels, c.Name), func(t *testing.T) {
					trained := loadReference(t, "")
					of := trained[slices.IndexFunc(trained, func(r referenceCase) bool { return r.Name == c.Name })]
					of.Kernels = kernels
					trainer := of.trainer(t, device)
					require.NoError(t, trainer.Unlearn(slices.Repeat([]Unlearning{{Forget: c.Forget, Keep: c.Keep}}, c.Steps), c.Rate))
					state, err := trainer.State()
					require.NoError(t, err)
					compared := 0
					for _, tensor := range state.Model {
						if want, ok := c.Unlearned[tensor.Name]; ok {
							requireClose(t, want, tensor.Values, gradientTolerance, tensor.Name)
							require.NotEqual(t, []float32(of.Initial[tensor.Name]), tensor.Values, tensor.Name)
							compared++
						}
					}
					require.Equal(t, len(c.Unlearned), compared)
				})
			}
		}
	}
}
