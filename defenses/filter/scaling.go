package filter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"backfire/defenses/definition"
	"backfire/internal/safetensors"
	"backfire/internal/streams"
)

// Scaling filters by scaling consistency, IBD-PSC (Hou, Feng, Hua, Luo, Zhang and Li,
// "IBD-PSC: Input-level Backdoor Detection via Parameter-oriented Scaling Consistency",
// ICML 2024): the scales and shifts of the last batch normalisations of the first model are
// multiplied, more of them in each of a few copies. The copies forget clean images and still
// recognise triggers, so that images are removed of which they all are sure.
type Scaling struct {
	// Factor above 1 multiplies scales and shifts.
	Factor float64 `json:"factor" yaml:"factor"`
	// Copies is the number of copies of the model, at least 1.
	Copies int `json:"copies" yaml:"copies"`
	// Errors in (0, 1) is the share of the defender's own images that a copy must get wrong:
	// the first copy has one layer more than the smallest number that is enough for it.
	Errors float64 `json:"errors" yaml:"errors"`
	// Threshold in (0, 1] is the mean probability, over the copies, of the class that the model
	// itself predicts, from which on an image is removed.
	Threshold float64 `json:"threshold" yaml:"threshold"`
	Common    `yaml:",inline"`
}

// ScalingConsistency is the definition of Scaling.
var ScalingConsistency = definition.Definition{
	Kind: "scaling_consistency", Stages: stages, Needs: []definition.Need{definition.Norms},
	Summary: "after a first training, the contributed images whose class stays the same while the last batch normalisations are amplified are removed; then a model is trained anew",
	Settings: append([]definition.Setting{
		{Key: "factor", Default: "1.5", Range: "(1,)", Help: "factor of the scales and shifts of batch normalisations"},
		{Key: "copies", Default: "5", Range: "[1,100]", Help: "amplified copies of the model, each with one layer more"},
		{Key: "errors", Default: "0.6", Range: "(0,1)", Help: "share of the defender's own images that must be misclassified before the first copy"},
		{Key: "threshold", Default: "0.9", Range: "(0,1]", Help: "mean probability of the predicted class, over the copies, from which on an image is removed"},
	}, common("1")...),
	New: func() any { return new(Scaling) },
}

// Remove removes the images whose mean probability reaches the threshold.
func (s *Scaling) Remove(in Input) ([]int, error) {
	scores, err := s.Scores(in.Model)
	if err == nil && len(scores) != len(in.Labels) {
		err = fmt.Errorf("%d scores for %d images", len(scores), len(in.Labels))
	}
	if err != nil {
		return nil, fmt.Errorf("filter: scaling consistency: %w: %w", ErrInput, err)
	}
	var removed []int
	for i, score := range scores {
		if score >= s.Threshold {
			removed = append(removed, i)
		}
	}
	if s.Chosen == AtRandom {
		removed = streams.New(in.Seed, "random filter").Perm(len(scores))[:len(removed)]
		slices.Sort(removed)
	}
	return removed, nil
}

// Scores returns the mean probability, over the amplified copies of a model, of the class that
// the model itself predicts for each contributed image.
func (s *Scaling) Scores(m Model) ([]float64, error) {
	weights, err := m.Weights()
	if err != nil {
		return nil, err
	}
	layers := definition.NormNames(weights)
	if len(layers) == 0 {
		return nil, errors.New("the model has no batch normalisation")
	}
	values, labels, err := m.OwnProbabilities()
	if err != nil {
		return nil, err
	}
	if len(labels) == 0 {
		return nil, errors.New("the defender has no image of its own")
	}
	classes := len(values) / len(labels)
	plain, err := m.Probabilities()
	if err != nil {
		return nil, err
	}
	first, err := s.enough(m, weights, layers)
	if err != nil {
		return nil, err
	}
	scores := make([]float64, len(plain)/classes)
	for i := range s.Copies {
		if err := m.SetWeights(amplified(weights, layers, first+1+i, s.Factor)); err != nil {
			return nil, err
		}
		copied, err := m.Probabilities()
		if err != nil {
			return nil, err
		}
		for row := range scores {
			at := row*classes + largest(plain[row*classes:(row+1)*classes])
			scores[row] += float64(copied[at]) / float64(s.Copies)
		}
	}
	return scores, nil
}

// enough returns the smallest number of last layers whose amplification has the model get more
// than the share Errors of the defender's own images wrong; one less than all if none does.
func (s *Scaling) enough(m Model, weights []safetensors.Tensor, layers []string) (int, error) {
	for n := 1; n < len(layers); n++ {
		if err := m.SetWeights(amplified(weights, layers, n, s.Factor)); err != nil {
			return 0, err
		}
		values, labels, err := m.OwnProbabilities()
		if err != nil {
			return 0, err
		}
		wrong, classes := 0, len(values)/len(labels)
		for i, label := range labels {
			if largest(values[i*classes:(i+1)*classes]) != int(label) {
				wrong++
			}
		}
		if float64(wrong) > s.Errors*float64(len(labels)) {
			return n, nil
		}
	}
	return len(layers) - 1, nil
}

// amplified returns a copy of weights in which the scales and shifts of the last n of some
// batch normalisations, or of all if they are fewer, are multiplied by a factor.
func amplified(weights []safetensors.Tensor, layers []string, n int, factor float64) []safetensors.Tensor {
	last := layers[max(0, len(layers)-n):]
	changed := slices.Clone(weights)
	for i, t := range changed {
		layer, part := t.Name, ""
		if at := strings.LastIndexByte(t.Name, '.'); at >= 0 {
			layer, part = t.Name[:at], t.Name[at+1:]
		}
		if !slices.Contains(last, layer) || part != "weight" && part != "bias" {
			continue
		}
		changed[i].Values = make([]float32, len(t.Values))
		for at, v := range t.Values {
			changed[i].Values[at] = float32(factor * float64(v))
		}
	}
	return changed
}

// largest returns the position of the largest value, of equals the first.
func largest(values []float32) int {
	at := 0
	for i, v := range values {
		if v > values[at] {
			at = i
		}
	}
	return at
}
