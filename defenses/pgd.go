package defenses

import "fmt"

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

// DefaultPGD returns the training attack of Madry et al. on CIFAR-10 (radius 8, 7
// steps of size 2, a random start), on all rows of each batch.
func DefaultPGD() PGD {
	return PGD{Epsilon: 8, Steps: 7, StepSize: 2, RandomStart: true, Dose: Dose{Share: 1, Placement: Add}}
}

// Validate returns an error for values outside their ranges.
func (p PGD) Validate() error {
	if err := checkLength("epsilon", p.Epsilon); err != nil {
		return err
	}
	if p.Steps < 1 {
		return fmt.Errorf("steps is %d: at least 1 is needed", p.Steps)
	}
	if err := checkLength("step_size", p.StepSize); err != nil {
		return err
	}
	return p.Dose.Validate()
}

// maxLength is the largest distance between two pixel values, in 8-bit units.
const maxLength = 255

// checkLength refuses a length outside (0, maxLength].
func checkLength(name string, value float64) error {
	if allowed := value > 0 && value <= maxLength; !allowed {
		return fmt.Errorf("%s is %v: it must be above 0 and at most %d, in 8-bit units", name, value, maxLength)
	}
	return nil
}
