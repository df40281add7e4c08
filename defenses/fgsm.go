package defenses

import "backfire/defenses/definition"

// FGSM trains on adversarial examples by one step along the sign of the gradient
// (Goodfellow et al., "Explaining and Harnessing Adversarial Examples", ICLR
// 2015).
type FGSM struct {
	// Epsilon in (0, 255] is the length of the step, in 8-bit units.
	Epsilon float64 `json:"epsilon" yaml:"epsilon"`
	// Dose sets the rows from which examples are made.
	Dose `yaml:",inline"`
}

// KindFGSM is the name of FGSM.
const KindFGSM Kind = "fgsm"

var fgsm = definition.Definition{
	Kind: KindFGSM, Stages: []definition.Stage{definition.Batches},
	Summary: "adversarial examples by one step along the sign of the gradient",
	Settings: append([]definition.Setting{
		{Key: "epsilon", Default: "8", Range: "(0,255]", Levels: 1, Help: "change of a pixel, in 8-bit units: 8 is 8/255"},
	}, exampleDose()...),
	New: func() any { return new(FGSM) },
}
