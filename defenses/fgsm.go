package defenses

// FGSM trains on adversarial examples by one step along the sign of the gradient
// (Goodfellow et al., "Explaining and Harnessing Adversarial Examples", ICLR
// 2015).
type FGSM struct {
	// Epsilon in (0, 255] is the length of the step, in 8-bit units.
	Epsilon float64 `json:"epsilon" yaml:"epsilon"`
	// Dose sets the rows from which examples are made.
	Dose `yaml:",inline"`
}

// DefaultFGSM returns a step of 8/255 on all rows of each batch.
func DefaultFGSM() FGSM { return FGSM{Epsilon: 8, Dose: Dose{Share: 1, Placement: Add}} }

// Validate returns an error for values outside their ranges.
func (f FGSM) Validate() error {
	if err := checkLength("epsilon", f.Epsilon); err != nil {
		return err
	}
	return f.Dose.Validate()
}
