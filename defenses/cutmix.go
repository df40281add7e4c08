package defenses

import (
	"backfire/defenses/definition"
	"backfire/defenses/mix"
)

// CutMix pastes a box of another image of the batch into each image (Yun et al. 2019); see
// package mix.
type CutMix struct {
	mix.Settings `yaml:",inline"`
}

// KindCutMix is the name of CutMix.
const KindCutMix Kind = "cutmix"

var cutMix = definition.Definition{
	Kind: KindCutMix, Stages: []definition.Stage{definition.Batches},
	Summary:  "a box of another image of the batch is pasted into each image, and labels are mixed by area",
	Settings: mixing(),
	New:      func() any { return new(CutMix) },
}

// Drawer returns what draws the mixing, also that by MixUp.
func (*CutMix) Drawer(t Training) (BatchDrawer, error) { return newMixer(t) }

// checkStack refuses probabilities of CutMix and MixUp that add up to more than 1.
func (*CutMix) checkStack(s Stack) error { return mix.Validate(s.mixed()) }
