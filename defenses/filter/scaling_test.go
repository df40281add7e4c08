package filter_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/filter"
	"backfire/internal/safetensors"
)

// scaled is a case of testdata/scaling.json, and a filter.Model of its network.
type scaled struct {
	Layers []struct{ Linear, Mean, Var, Scale, Shift []float64 }
	Last   []float64
	Width  int
	// Classes is the number of classes; X and Own hold images by row.
	Classes int
	X, Own  []float64
	Labels  []int
	Factor  float64
	Errors  float64
	Copies  int
	Scores  []float64
	Removed []int

	set map[string][]float32 // by name, scales and shifts in place of those of Layers
}

func (s *scaled) Weights() ([]safetensors.Tensor, error) {
	var all []safetensors.Tensor
	for i, layer := range s.Layers {
		for _, part := range []struct {
			name   string
			values []float64
		}{{"weight", layer.Scale}, {"bias", layer.Shift}, {"running_mean", layer.Mean}, {"running_var", layer.Var}} {
			tensor := safetensors.Tensor{Name: fmt.Sprintf("bn%d.%s", i, part.name), Shape: []int64{int64(len(part.values))}}
			for _, v := range part.values {
				tensor.Values = append(tensor.Values, float32(v))
			}
			all = append(all, tensor)
		}
	}
	return all, nil
}

func (s *scaled) SetWeights(weights []safetensors.Tensor) error {
	s.set = map[string][]float32{}
	for _, t := range weights {
		s.set[t.Name] = t.Values
	}
	return nil
}

func (s *scaled) Probabilities() ([]float32, error) { return s.forward(s.X), nil }

func (s *scaled) OwnProbabilities() ([]float32, []uint16, error) {
	labels := make([]uint16, len(s.Labels))
	for i, label := range s.Labels {
		labels[i] = uint16(label)
	}
	return s.forward(s.Own), labels, nil
}

// forward returns the probabilities of the classes of images.
func (s *scaled) forward(images []float64) []float32 {
	linear := func(matrix, x []float64) []float64 {
		y := make([]float64, len(matrix)/len(x))
		for i := range y {
			for j, v := range x {
				y[i] += matrix[i*len(x)+j] * v
			}
		}
		return y
	}
	var all []float32
	for at := 0; at < len(images); at += s.Width {
		x := images[at : at+s.Width]
		for i, layer := range s.Layers {
			x = linear(layer.Linear, x)
			for c := range x {
				scale, shift := layer.Scale[c], layer.Shift[c]
				if s.set != nil {
					scale, shift = float64(s.set[fmt.Sprintf("bn%d.weight", i)][c]), float64(s.set[fmt.Sprintf("bn%d.bias", i)][c])
				}
				x[c] = max(0, scale*(x[c]-layer.Mean[c])/math.Sqrt(layer.Var[c]+1e-5)+shift)
			}
		}
		sum, logits := 0., linear(s.Last, x)
		most := slices.Max(logits)
		for _, v := range logits {
			sum += math.Exp(v - most)
		}
		for _, v := range logits {
			all = append(all, float32(math.Exp(v-most)/sum))
		}
	}
	return all
}

// scripts/reference/scaling.py made the cases.
func TestScalingConsistencyAgreesWithNumPy(t *testing.T) {
	text, err := os.ReadFile("testdata/scaling.json")
	require.NoError(t, err)
	var cases []*scaled
	require.NoError(t, json.Unmarshal(text, &cases))
	require.Len(t, cases, 4)
	for _, c := range cases {
		method := settings[filter.Scaling](filter.ScalingConsistency)
		method.Factor, method.Errors, method.Copies = c.Factor, c.Errors, c.Copies
		scores, err := method.Scores(c)
		require.NoError(t, err)
		require.InDeltaSlice(t, c.Scores, scores, 1e-5)
		c.set = nil
		in := filter.Input{Model: c, Labels: make([]uint16, len(c.Scores)), Seed: 1}
		removed, err := method.Remove(in)
		require.NoError(t, err)
		require.ElementsMatch(t, c.Removed, removed)
		method.Chosen, c.set = filter.AtRandom, nil
		random, err := method.Remove(in)
		require.NoError(t, err)
		require.Len(t, random, len(removed))
	}
}

func TestScalingConsistencyRefuses(t *testing.T) {
	method := settings[filter.Scaling](filter.ScalingConsistency)
	for reason, model := range map[string]*scaled{
		"no batch normalisation": {}, "no image of its own": {Layers: make([]struct{ Linear, Mean, Var, Scale, Shift []float64 }, 1)},
	} {
		_, err := method.Remove(filter.Input{Model: model})
		require.ErrorIs(t, err, filter.ErrInput)
		require.ErrorContains(t, err, reason)
	}
}
