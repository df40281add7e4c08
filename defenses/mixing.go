package defenses

import (
	"backfire/defenses/definition"
	"backfire/defenses/mix"
)

// The names of the two ways to mix the images of a batch with each other; see package
// mix.
const (
	KindCutMix Kind = "cutmix"
	KindMixUp  Kind = "mixup"
)

var cutMix = mixing(KindCutMix, "a box of another image of the batch is pasted into each image, and labels are mixed by area")

var mixUp = mixing(KindMixUp, "each image of a batch is averaged with another one, and labels likewise")

// mixing returns the definition of a way to mix images.
func mixing(kind Kind, summary string) definition.Definition {
	return definition.Definition{
		Kind: kind, Stages: []definition.Stage{definition.Batches}, Summary: summary,
		Settings: []definition.Setting{
			{Key: "alpha", Default: "1", Range: "[0.05,1000]", Help: "lambda is drawn from Beta(alpha, alpha) for every batch; 1 is the uniform distribution"},
			{Key: "probability", Default: "1", Range: "(0,1]", Help: "share of the batches that are mixed"},
		},
		New: func() any { return new(mix.Settings) },
	}
}
