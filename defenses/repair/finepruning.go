package repair

import (
	"context"
	"fmt"
	"slices"

	"backfire/defenses/definition"
	"backfire/internal/safetensors"
)

// Pruning is fine-pruning (Liu, Dolan-Gavitt and Garg, "Fine-Pruning: Defending Against
// Backdooring Attacks on Deep Neural Networks", RAID 2018): the channels of the last
// convolution are pruned in the order of their mean activation on clean images, the
// lowest first, while the accuracy on these images stays; then the model is fine-tuned.
type Pruning struct {
	// MaxDrop in [0, 1) is the largest loss of accuracy on the defender's clean images
	// that pruning may cost.
	MaxDrop float64 `json:"max_drop" yaml:"max_drop"`
	Tuning  `yaml:",inline"`
}

// FinePruning is the definition of Pruning.
var FinePruning = definition.Definition{
	Kind: "fine_pruning", Stages: stages,
	Summary: "the channels of the last convolution that clean images activate least are pruned; then the model is fine-tuned on the defender's own clean images",
	Settings: append([]definition.Setting{
		{Key: "max_drop", Default: "0.04", Range: "[0,1)", Help: "largest loss of accuracy on the defender's own clean images that pruning may cost"},
	}, tuning()...),
	New: func() any { return new(Pruning) },
}

// The tensors of a ResNet-18 behind which a channel of the last convolution acts: its
// batch normalisation, and the last layer.
const (
	lastNorm  = "layer4.1.bn2"
	lastLayer = "fc"
)

// off is the shift of the batch normalisation of a pruned channel. It is far below
// anything that the residual connection adds, so that the rectifier returns 0 for every
// image. No gradient flows through it, so that the channel stays pruned.
const off = -1e9

// Apply prunes channels and fine-tunes the model.
func (p *Pruning) Apply(ctx context.Context, m Model, seed uint64) (Report, error) {
	weights, err := m.Weights()
	if err != nil {
		return Report{}, err
	}
	features, err := m.Features()
	if err != nil {
		return Report{}, err
	}
	weight, err := find(weights, lastLayer+".weight")
	if err != nil {
		return Report{}, err
	}
	bias, err := find(weights, lastLayer+".bias")
	if err != nil {
		return Report{}, err
	}
	pruned := Prune(features, m.Labels(), weight.Values, bias.Values, p.MaxDrop)
	if err := turnOff(weights, pruned); err != nil {
		return Report{}, err
	}
	if err := m.SetWeights(weights); err != nil {
		return Report{}, err
	}
	report, err := p.Tuning.Apply(ctx, m, seed)
	report.Pruned, report.Channels = len(pruned), len(weight.Values)/len(bias.Values)
	return report, err
}

// turnOff makes the outputs of channels of the last convolution 0 for every image.
func turnOff(weights []safetensors.Tensor, channels []int) error {
	scale, err := find(weights, lastNorm+".weight")
	if err != nil {
		return err
	}
	shift, err := find(weights, lastNorm+".bias")
	if err != nil {
		return err
	}
	for _, channel := range channels {
		if channel >= len(scale.Values) {
			return fmt.Errorf("repair: %w: %s has %d channels", ErrModel, lastNorm, len(scale.Values))
		}
		scale.Values[channel], shift.Values[channel] = 0, off
	}
	return nil
}

// Prune returns the channels to prune, in the order of their mean activation, the
// lowest first: as many as can be pruned one after the other before the accuracy on the
// images first falls by more than maxDrop. features holds the activations of each image,
// labels their classes; weight (a row per class) and bias are those of the last layer. At
// least one channel is left.
func Prune(features []float32, labels []uint8, weight, bias []float32, maxDrop float64) []int {
	channels := len(features) / len(labels)
	means := make([]float64, channels)
	logits := make([][]float64, len(labels))
	for i := range labels {
		own := features[i*channels : (i+1)*channels]
		logits[i] = make([]float64, len(bias))
		for class := range bias {
			sum := float64(bias[class])
			for c, v := range own {
				sum += float64(float64(v) * float64(weight[class*channels+c]))
			}
			logits[i][class] = sum
		}
		for c, v := range own {
			means[c] += float64(v)
		}
	}
	order := make([]int, channels)
	for c := range order {
		order[c] = c
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case means[a] < means[b]:
			return -1
		case means[a] > means[b]:
			return 1
		default:
			return 0
		}
	})
	least := accuracy(logits, labels) - maxDrop
	for at, c := range order[:channels-1] {
		for i := range labels {
			for class := range bias {
				logits[i][class] -= float64(float64(features[i*channels+c]) * float64(weight[class*channels+c]))
			}
		}
		if accuracy(logits, labels) < least {
			return order[:at]
		}
	}
	return order[:channels-1]
}

// accuracy returns the share of images whose highest logit is that of their label; of
// equal logits the first counts.
func accuracy(logits [][]float64, labels []uint8) float64 {
	hits := 0
	for i, label := range labels {
		best := 0
		for class, v := range logits[i] {
			if v > logits[i][best] {
				best = class
			}
		}
		if best == int(label) {
			hits++
		}
	}
	return float64(hits) / float64(len(labels))
}
