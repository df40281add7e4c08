package repair

import (
	"context"

	"backfire/defenses/definition"
	"backfire/internal/safetensors"
	"backfire/internal/streams"
)

// Adversarial is adversarial neuron pruning (Wu and Wang, "Adversarial Neuron Pruning
// Purifies Backdoored Deep Models", NeurIPS 2021). Backdoors are sensitive to small
// changes of a channel's scale and shift. A mask in [0, 1] on the scale of each channel
// is trained so that the loss on clean images stays low, also under the changes that
// raise it most; channels whose mask falls to a threshold are pruned.
type Adversarial struct {
	// Epsilon is the largest relative change of a channel's scale or shift.
	Epsilon float64 `json:"epsilon" yaml:"epsilon"`
	// Steps is the number of steps in which the changes are made.
	Steps int `json:"steps" yaml:"steps"`
	// Alpha in [0, 1] is the weight of the loss without changes.
	Alpha float64 `json:"alpha" yaml:"alpha"`
	// Iterations is the number of steps of the masks.
	Iterations int `json:"iterations" yaml:"iterations"`
	// Rate is the learning rate of the masks, with momentum 0.9.
	Rate float64 `json:"lr" yaml:"lr"`
	// Threshold in [0, 1) is the largest mask of a pruned channel.
	Threshold float64 `json:"threshold" yaml:"threshold"`
}

// NeuronPruning is the definition of Adversarial, with the settings of Wu and Wang on
// CIFAR-10.
var NeuronPruning = definition.Definition{
	Kind: "neuron_pruning", Stages: stages, Needs: []definition.Need{definition.Norms},
	Summary: "channels that small adversarial changes of their scale and shift turn against the defender's own clean images are pruned",
	Settings: []definition.Setting{
		{Key: "epsilon", Default: "0.4", Range: "(0,)", Help: "largest relative change of a channel's scale and shift"},
		{Key: "steps", Default: "1", Range: "[1,)", Help: "steps in which the changes are made"},
		{Key: "alpha", Default: "0.2", Range: "[0,1]", Help: "weight of the loss without changes"},
		{Key: "iterations", Default: "2000", Range: "[1,)", Help: "steps in which the masks are trained"},
		{Key: "lr", Default: "0.2", Range: "(0,)", Help: "learning rate of the masks, with momentum 0.9"},
		{Key: "threshold", Default: "0.2", Range: "[0,1)", Help: "largest mask of a channel that is pruned"},
	},
	New: func() any { return new(Adversarial) },
}

// maskMomentum is the momentum of the masks' optimiser.
const maskMomentum = 0.9

// Gradient returns the gradient of the mean loss on a batch by the scales and shifts of
// all channels, given these.
type Gradient func(scale, shift []float64, batch []int) (byScale, byShift []float64, err error)

// Draws are the random draws of the masks' training; *rand.Rand implements it.
type Draws interface {
	IntN(n int) int   // below n
	Float64() float64 // in [0, 1)
}

// Masks trains the masks of channels with the given scales and shifts. Each iteration
// draws a batch of the n images with replacement.
func (a *Adversarial) Masks(ctx context.Context, scale, shift []float64, n, batch int, gradient Gradient, rng Draws) ([]float64, error) {
	masks, velocity := make([]float64, len(scale)), make([]float64, len(scale))
	for i := range masks {
		masks[i] = 1
	}
	bs, bt := make([]float64, len(scale)), make([]float64, len(scale)) // relative changes
	changed := func() (s, t []float64) {
		s, t = make([]float64, len(scale)), make([]float64, len(scale))
		for i := range scale {
			s[i], t[i] = (masks[i]+bs[i])*scale[i], (1+bt[i])*shift[i]
		}
		return s, t
	}
	for range a.Iterations {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows := make([]int, batch)
		for i := range rows {
			rows[i] = rng.IntN(n)
		}
		for i := range bs {
			bs[i], bt[i] = a.Epsilon*(2*rng.Float64()-1), a.Epsilon*(2*rng.Float64()-1)
		}
		for range a.Steps {
			s, t := changed()
			byScale, byShift, err := gradient(s, t, rows)
			if err != nil {
				return nil, err
			}
			for i := range bs {
				bs[i] += a.Epsilon / float64(a.Steps) * sign(byScale[i]*scale[i])
				bt[i] += a.Epsilon / float64(a.Steps) * sign(byShift[i]*shift[i])
			}
		}
		s, t := changed()
		robust, _, err := gradient(s, t, rows)
		if err != nil {
			return nil, err
		}
		clear(bs)
		clear(bt)
		s, t = changed()
		natural, _, err := gradient(s, t, rows)
		if err != nil {
			return nil, err
		}
		for i := range masks {
			velocity[i] = maskMomentum*velocity[i] + (a.Alpha*natural[i]+(1-a.Alpha)*robust[i])*scale[i]
			masks[i] = min(1, max(0, masks[i]-a.Rate*velocity[i]))
		}
	}
	return masks, nil
}

// sign returns -1, 0 or 1.
func sign(v float64) float64 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	default:
		return 0
	}
}

// Apply trains the masks and prunes: the scale of a pruned channel becomes 0.
func (a *Adversarial) Apply(ctx context.Context, m Model, seed uint64) (Report, error) {
	weights, err := m.Weights()
	if err != nil {
		return Report{}, err
	}
	channels, err := newChannels(weights)
	if err != nil {
		return Report{}, err
	}
	work, err := m.Weights()
	if err != nil {
		return Report{}, err
	}
	inWork, err := newChannels(work)
	if err != nil {
		return Report{}, err
	}
	gradient := func(scale, shift []float64, batch []int) (byScale, byShift []float64, err error) {
		inWork.set(scale, shift)
		after, err := m.Descend(work, batch, 1)
		if err != nil {
			return nil, nil, err
		}
		moved, err := newChannels(after)
		if err != nil {
			return nil, nil, err
		}
		// A step of rate 1 leads from w to w - gradient.
		before, s, t := inWork, moved.values(moved.scale), moved.values(moved.shift)
		byScale, byShift = before.values(before.scale), before.values(before.shift)
		for i := range byScale {
			byScale[i], byShift[i] = byScale[i]-s[i], byShift[i]-t[i]
		}
		return byScale, byShift, nil
	}
	masks, err := a.Masks(ctx, channels.values(channels.scale), channels.values(channels.shift), len(m.Labels()), m.Batch(),
		gradient, streams.New(seed, "neuron pruning"))
	if err != nil {
		return Report{}, err
	}
	report := Report{Channels: len(masks), Images: a.Passes(len(m.Labels()), m.Batch())}
	scales := channels.values(channels.scale)
	for i, mask := range masks {
		if mask <= a.Threshold {
			scales[i] = 0
			report.Pruned++
		}
	}
	channels.set(scales, channels.values(channels.shift))
	return report, m.SetWeights(weights)
}

// Passes returns the images of all gradients.
func (a *Adversarial) Passes(_, batch int) int64 {
	return int64(a.Iterations) * int64(a.Steps+2) * int64(batch)
}

// channels holds the scales and shifts of all batch normalisations of a network, which
// share memory with its tensors.
type channels struct {
	scale, shift [][]float32
}

// newChannels returns the channels of a network.
func newChannels(weights []safetensors.Tensor) (channels, error) {
	var c channels
	for _, name := range definition.NormNames(weights) {
		scale, err := find(weights, name+".weight")
		if err != nil {
			return channels{}, err
		}
		shift, err := find(weights, name+".bias")
		if err != nil {
			return channels{}, err
		}
		c.scale, c.shift = append(c.scale, scale.Values), append(c.shift, shift.Values)
	}
	return c, nil
}

// values returns the values of all lists, one after another.
func (channels) values(lists [][]float32) []float64 {
	var all []float64
	for _, list := range lists {
		for _, v := range list {
			all = append(all, float64(v))
		}
	}
	return all
}

// set sets all scales and shifts.
func (c channels) set(scale, shift []float64) {
	at := 0
	for l := range c.scale {
		for i := range c.scale[l] {
			c.scale[l][i], c.shift[l][i] = float32(scale[at]), float32(shift[at])
			at++
		}
	}
}
