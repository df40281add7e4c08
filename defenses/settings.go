package defenses

import (
	"fmt"

	"backfire/triggers"
)

// paperTrigger is the trigger of the paper's simulated attackers, p1 = p2 = 0.2
// (section 4.2.1).
var paperTrigger = triggers.Spec{P1: 0.2, P2: 0.2, Range: triggers.PerDimension}

// AgentAugmentation stamps part of the defender's own contribution with the
// triggers of simulated attackers and keeps the true labels (section 4.2.1 of
// the paper).
type AgentAugmentation struct {
	// Agents is n, the number of simulated attackers, at least 1.
	Agents int `json:"agents" yaml:"agents"`
	// Clean in [0, 1) is the share of the contribution that stays as it is.
	Clean float64 `json:"clean" yaml:"clean"`
	// Spec is what each simulated attacker's trigger is drawn by.
	triggers.Spec `yaml:",inline"`
}

// DefaultAgentAugmentation is the paper's: 40 % clean, p = 0.2. The paper does
// not say n.
func DefaultAgentAugmentation() AgentAugmentation {
	return AgentAugmentation{Agents: 10, Clean: 0.4, Spec: paperTrigger}
}

// Validate refuses values outside their ranges.
func (a AgentAugmentation) Validate() error {
	if a.Agents < 1 {
		return fmt.Errorf("agents is %d: at least 1 simulated attacker is needed", a.Agents)
	}
	// Asked this way round, NaN is refused too; the same below.
	if allowed := a.Clean >= 0 && a.Clean < 1; !allowed {
		return fmt.Errorf("clean is %v: it must be at least 0 and below 1", a.Clean)
	}
	return drawable(a.Spec)
}

// drawable refuses triggers that are not the paper's.
func drawable(s triggers.Spec) error {
	if s.Kind != triggers.Random {
		return fmt.Errorf("kind is %s: a defender's own triggers are random", s.Kind)
	}
	return s.Validate()
}

// Placement says what becomes of the rows of a batch that adversarial training
// changes.
type Placement string

const (
	// Add keeps them and adds the changed copies behind the batch, which makes
	// the training set per step larger (section 3.2 of the paper, on
	// adversarial training).
	Add Placement = "add"
	// Replace puts the changed copies in their places, as Madry et al. do.
	Replace Placement = "replace"
)

// Dose says how much of each batch adversarial training changes.
type Dose struct {
	// Share in (0, 1] is the share of the batch's rows, rounded.
	Share float64 `json:"share" yaml:"share"`
	// Placement is Add or Replace.
	Placement Placement `json:"placement" yaml:"placement"`
}

// Validate refuses values outside their ranges.
func (d Dose) Validate() error {
	if allowed := d.Share > 0 && d.Share <= 1; !allowed {
		return fmt.Errorf("share is %v: it must be above 0 and at most 1", d.Share)
	}
	if d.Placement != Add && d.Placement != Replace {
		return fmt.Errorf("placement is %q: it must be %s or %s", d.Placement, Add, Replace)
	}
	return nil
}

// AdversarialTriggers stamps part of every batch with fresh random triggers of
// the defender and keeps the labels: the data-poisoning form of adversarial
// training (Geiping et al., "What Doesn't Kill You Makes You Robust(er)", 2021)
// as section 2 of the paper adapts it.
type AdversarialTriggers struct {
	Dose `yaml:",inline"`
	// Spec is what each trigger is drawn by.
	triggers.Spec `yaml:",inline"`
}

// DefaultAdversarialTriggers stamps copies of half of each batch.
func DefaultAdversarialTriggers() AdversarialTriggers {
	return AdversarialTriggers{Dose: Dose{Share: 0.5, Placement: Add}, Spec: paperTrigger}
}

// Validate refuses values outside their ranges.
func (a AdversarialTriggers) Validate() error {
	if err := a.Dose.Validate(); err != nil {
		return err
	}
	return drawable(a.Spec)
}

// levels is the largest 8-bit value; epsilon and step sizes are in its units.
const levels = 255

// PGD makes adversarial examples by projected gradient descent in the L-infinity
// ball (Madry et al., "Towards Deep Learning Models Resistant to Adversarial
// Attacks", ICLR 2018).
type PGD struct {
	// Epsilon in (0, 255] is the radius of the ball, in 8-bit units: 8 is
	// 8/255 of the range of a pixel.
	Epsilon float64 `json:"epsilon" yaml:"epsilon"`
	// Steps is the number of gradient steps, at least 1.
	Steps int `json:"steps" yaml:"steps"`
	// StepSize in (0, 255] is the length of each, in 8-bit units.
	StepSize float64 `json:"step_size" yaml:"step_size"`
	// RandomStart begins at a uniformly random point of the ball instead of
	// its centre.
	RandomStart bool `json:"random_start" yaml:"random_start"`
	Dose        `yaml:",inline"`
}

// DefaultPGD is Madry et al.'s training attack on CIFAR-10: radius 8, 7 steps of
// size 2, a random start.
func DefaultPGD() PGD {
	return PGD{Epsilon: 8, Steps: 7, StepSize: 2, RandomStart: true, Dose: Dose{Share: 1, Placement: Add}}
}

// Validate refuses values outside their ranges.
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

// FGSM makes adversarial examples by one step of the gradient's sign (Goodfellow
// et al., "Explaining and Harnessing Adversarial Examples", ICLR 2015).
type FGSM struct {
	// Epsilon in (0, 255] is the length of the step, in 8-bit units.
	Epsilon float64 `json:"epsilon" yaml:"epsilon"`
	Dose    `yaml:",inline"`
}

// DefaultFGSM is a step of 8.
func DefaultFGSM() FGSM { return FGSM{Epsilon: 8, Dose: Dose{Share: 1, Placement: Add}} }

// Validate refuses values outside their ranges.
func (f FGSM) Validate() error {
	if err := checkLength("epsilon", f.Epsilon); err != nil {
		return err
	}
	return f.Dose.Validate()
}

// checkLength refuses a length that is no distance between two pixel values.
func checkLength(name string, value float64) error {
	if allowed := value > 0 && value <= levels; !allowed {
		return fmt.Errorf("%s is %v: it must be above 0 and at most %d, in 8-bit units", name, value, levels)
	}
	return nil
}
