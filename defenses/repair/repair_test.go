package repair_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/repair"
	"backfire/internal/safetensors"
)

// reference holds what scripts/reference/defenses.py computes.
type reference struct {
	Pruning struct {
		Features, Weight, Bias []float32
		Labels                 []int
		Cases                  []struct {
			MaxDrop float64 `json:"max_drop"`
			Pruned  []int
		}
	}
	Masks struct {
		Z                              [][]float64
		U, Target, Scale, Shift, Masks []float64
		Batch, Steps, Iterations       int
		Epsilon, Alpha, LR             float64
		Ints                           []int
		Floats                         []float64
	}
}

func references(t *testing.T) reference {
	t.Helper()
	text, err := os.ReadFile("testdata/reference.json")
	require.NoError(t, err)
	var r reference
	require.NoError(t, json.Unmarshal(text, &r))
	return r
}

func TestPruningAgreesWithNumPy(t *testing.T) {
	p := references(t).Pruning
	labels := make([]uint8, len(p.Labels))
	for i, label := range p.Labels {
		labels[i] = uint8(label)
	}
	for _, c := range p.Cases {
		pruned := repair.Prune(p.Features, labels, p.Weight, p.Bias, c.MaxDrop)
		require.Equal(t, c.Pruned, append([]int{}, pruned...), "max_drop %v", c.MaxDrop)
	}
}

// replay returns recorded draws.
type replay struct {
	ints   []int
	floats []float64
}

func (r *replay) IntN(int) int {
	v := r.ints[0]
	r.ints = r.ints[1:]
	return v
}

func (r *replay) Float64() float64 {
	v := r.floats[0]
	r.floats = r.floats[1:]
	return v
}

func TestMasksAgreeWithTheAuthorsLoop(t *testing.T) {
	m := references(t).Masks
	gradient := func(scale, shift []float64, batch []int) (byScale, byShift []float64, err error) {
		byScale, byShift = make([]float64, len(scale)), make([]float64, len(scale))
		for _, row := range batch {
			inner, output := make([]float64, len(scale)), 0.0
			for c := range scale {
				inner[c] = math.Tanh(scale[c]*m.Z[row][c] + shift[c])
				output += inner[c] * m.U[c]
			}
			for c := range scale {
				outer := 2 * (output - m.Target[row]) * m.U[c] * (1 - inner[c]*inner[c]) / float64(len(batch))
				byScale[c] += outer * m.Z[row][c]
				byShift[c] += outer
			}
		}
		return byScale, byShift, nil
	}
	method := &repair.Adversarial{Epsilon: m.Epsilon, Steps: m.Steps, Alpha: m.Alpha, Iterations: m.Iterations, Rate: m.LR}
	masks, err := method.Masks(context.Background(), m.Scale, m.Shift, len(m.Z), m.Batch, gradient, &replay{m.Ints, m.Floats})
	require.NoError(t, err)
	require.InDeltaSlice(t, m.Masks, masks, 1e-9)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	_, err = method.Masks(ctx, m.Scale, m.Shift, len(m.Z), m.Batch, gradient, &replay{m.Ints, m.Floats})
	require.ErrorIs(t, err, context.Canceled)
}

// model is a model of two channels behind one normalisation, whose loss is the sum of
// (scale+1)^2/2 and shift^2/2 over the channels.
type model struct {
	weights []safetensors.Tensor
	tuned   int
}

func newModel() *model {
	tensor := func(name string, values ...float32) safetensors.Tensor {
		return safetensors.Tensor{Name: name, Shape: []int64{int64(len(values))}, Values: values}
	}
	return &model{weights: []safetensors.Tensor{
		tensor("layer4.1.bn2.weight", 1, 2), tensor("layer4.1.bn2.bias", 3, 4), tensor("layer4.1.bn2.running_mean", 0, 0),
		tensor("fc.weight", 1, 0, 0, 1), tensor("fc.bias", 0, 0),
	}}
}

func (m *model) Labels() []uint8 { return []uint8{0, 0, 1} }
func (m *model) Batch() int      { return 2 }

func (m *model) Weights() ([]safetensors.Tensor, error) {
	var copied []safetensors.Tensor
	for _, t := range m.weights {
		t.Values = append([]float32{}, t.Values...)
		copied = append(copied, t)
	}
	return copied, nil
}

func (m *model) SetWeights(weights []safetensors.Tensor) error {
	m.weights = weights
	return nil
}

func (m *model) Features() ([]float32, error) { return []float32{3, 1, 3, 1, 2, 0}, nil }

func (m *model) Train(_ context.Context, epochs int, _ float64) error {
	m.tuned += epochs
	return nil
}

func (m *model) Descend(from []safetensors.Tensor, _ []int, rate float64) ([]safetensors.Tensor, error) {
	after, _ := (&model{weights: from}).Weights()
	for c := range 2 {
		after[0].Values[c] -= float32(rate) * (after[0].Values[c] + 1)
		after[1].Values[c] -= float32(rate) * after[1].Values[c]
	}
	return after, nil
}

func TestFinePruning(t *testing.T) {
	m := newModel()
	report, err := (&repair.Pruning{MaxDrop: 0, Tuning: repair.Tuning{Epochs: 4, Rate: 0.1}}).Apply(context.Background(), m, 1)
	require.NoError(t, err)
	require.Equal(t, repair.Report{Pruned: 1, Channels: 2, Images: 12}, report)
	require.Equal(t, 4, m.tuned)
	require.Equal(t, []float32{1, 0}, m.weights[0].Values, "the second channel has the lower mean activation")
	require.Less(t, m.weights[1].Values[1], float32(-1e8), "its output is 0 whatever the residual connection adds")
	require.Equal(t, float32(3), m.weights[1].Values[0])

	m.weights = m.weights[:3]
	_, err = (&repair.Pruning{}).Apply(context.Background(), m, 1)
	require.ErrorIs(t, err, repair.ErrModel)
}

// Both scales raise the loss, so that their masks fall to 0.
func TestNeuronPruning(t *testing.T) {
	m := newModel()
	method := repair.NeuronPruning.Default().(*repair.Adversarial)
	method.Iterations = 20
	report, err := method.Apply(context.Background(), m, 1)
	require.NoError(t, err)
	require.Equal(t, repair.Report{Pruned: 2, Channels: 2, Images: 20 * 3 * 2}, report)
	require.Equal(t, []float32{0, 0}, m.weights[0].Values)
	require.Equal(t, []float32{3, 4}, m.weights[1].Values, "shifts stay")

	method.Rate = 1e-9
	m = newModel()
	report, err = method.Apply(context.Background(), m, 1)
	require.NoError(t, err)
	require.Zero(t, report.Pruned)
	require.Equal(t, newModel().weights, m.weights)
}

func TestFineTuning(t *testing.T) {
	m := newModel()
	report, err := (&repair.Tuning{Epochs: 5, Rate: 0.1}).Apply(context.Background(), m, 1)
	require.NoError(t, err)
	require.Equal(t, repair.Report{Images: 15}, report)
	require.Equal(t, 5, m.tuned)
}
