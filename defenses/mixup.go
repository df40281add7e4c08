package defenses

import (
	"backfire/defenses/definition"
	"backfire/defenses/mix"
)

// MixUp replaces each image of a batch by a weighted mean of it and another one (Zhang et
// al. 2018); see package mix.
type MixUp struct {
	mix.Settings `yaml:",inline"`
}

// KindMixUp is the name of MixUp.
const KindMixUp Kind = "mixup"

var mixUp = definition.Definition{
	Kind: KindMixUp, Stages: []definition.Stage{definition.Batches},
	Summary:  "each image of a batch is averaged with another one, and labels likewise",
	Settings: mixing(),
	New:      func() any { return new(MixUp) },
}

// Drawer returns what draws the mixing; nil beside CutMix, which draws it for both.
func (*MixUp) Drawer(t Training) (BatchDrawer, error) {
	if cut, _ := t.Stack.mixed(); cut != nil {
		return nil, nil
	}
	return newMixer(t)
}
