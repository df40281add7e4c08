package defenses

import "backfire/defenses/definition"

// PGD trains on adversarial examples by projected gradient descent in the
// L-infinity ball (Madry et al., "Towards Deep Learning Models Resistant to
// Adversarial Attacks", ICLR 2018).
type PGD struct {
	// Epsilon in (0, 255] is the radius of the ball, in 8-bit units: 8 is
	// 8/255 of the range of a pixel.
	Epsilon float64 `json:"epsilon" yaml:"epsilon"`
	// Steps is the number of gradient steps, at least 1.
	Steps int `json:"steps" yaml:"steps"`
	// StepSize in (0, 255] is the length of each step, in 8-bit units.
	StepSize float64 `json:"step_size" yaml:"step_size"`
	// RandomStart starts at a uniformly random point of the ball instead of its
	// centre.
	RandomStart bool `json:"random_start" yaml:"random_start"`
	// Dose sets the rows from which examples are made.
	Dose `yaml:",inline"`
}

// KindPGD is the name of PGD.
const KindPGD Kind = "pgd"

// pgd has the training attack of Madry et al. on CIFAR-10 (radius 8, 7 steps of size
// 2, a random start), on all rows of each batch.
var pgd = definition.Definition{
	Kind: KindPGD, Stages: []definition.Stage{definition.Batches},
	Summary: "adversarial examples by projected gradient descent",
	Settings: append([]definition.Setting{
		{Key: "epsilon", Default: "8", Range: "(0,255]", Levels: 1, Help: "largest change of a pixel, in 8-bit units: 8 is 8/255"},
		{Key: "steps", Default: "7", Range: "[1,)", Help: "gradient steps"},
		{Key: "step_size", Default: "2", Range: "(0,255]", Levels: 0.1, Help: "length of a step, in 8-bit units"},
		{Key: "random_start", Default: "true", Help: "start at a random point within epsilon"},
	}, exampleDose()...),
	New: func() any { return new(PGD) },
}
