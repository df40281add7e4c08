package filter

import (
	"fmt"
	"slices"

	"backfire/defenses/definition"
	"backfire/internal/streams"
)

// Losses filters by loss isolation, the first half of anti-backdoor learning (Li et
// al., "Anti-Backdoor Learning: Training Clean Models on Poisoned Data", NeurIPS 2021):
// backdoors are learnt sooner than classes, so that the contributed images with the
// lowest loss after a few epochs are removed.
type Losses struct {
	// Share in (0, 1) is the share of the contributed images that is removed, the
	// isolation rate of Li et al.
	Share  float64 `json:"share" yaml:"share"`
	Common `yaml:",inline"`
}

// LossIsolation is the definition of Losses.
var LossIsolation = definition.Definition{
	Kind: "loss_isolation", Stages: stages,
	Summary: "after the first epochs of a training, the contributed images with the lowest loss are removed; then a model is trained anew",
	Settings: append([]definition.Setting{
		{Key: "share", Default: "0.1", Range: "(0,1)", Help: "share of the contributed images that is removed, the isolation rate"},
	}, common("0.2")...),
	New: func() any { return new(Losses) },
}

// Remove removes the share of the images, over all classes, with the lowest loss,
// rounded down.
func (l *Losses) Remove(in Input) ([]int, error) {
	if len(in.Losses) != len(in.Labels) {
		return nil, fmt.Errorf("filter: loss isolation: %w: %d losses of %d images", ErrInput, len(in.Losses), len(in.Labels))
	}
	n := int(l.Share*float64(len(in.Losses)) + 1e-9)
	negative := make([]float64, len(in.Losses))
	for i, loss := range in.Losses {
		negative[i] = -loss
	}
	removed := highest(negative, n)
	if l.Chosen == AtRandom {
		removed = streams.New(in.Seed, "random filter").Perm(len(in.Losses))[:n]
	}
	slices.Sort(removed)
	return removed, nil
}
