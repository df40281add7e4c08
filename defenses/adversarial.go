package defenses

import (
	"fmt"

	"backfire/triggers"
)

// Placement selects where adversarial training puts the rows that it changes.
type Placement string

const (
	// Add keeps the original rows and appends the changed copies to the batch,
	// so that each step trains on more rows (section 3.2 of the paper, on
	// adversarial training).
	Add Placement = "add"
	// Replace replaces the original rows by the changed copies, as Madry et al.
	// do.
	Replace Placement = "replace"
)

// Dose sets the share of each batch that adversarial training changes, and where
// the changed rows go.
type Dose struct {
	// Share in (0, 1] is the share of the batch's rows, rounded to whole rows.
	Share float64 `json:"share" yaml:"share"`
	// Placement is Add or Replace.
	Placement Placement `json:"placement" yaml:"placement"`
}

// dose returns the dose; settings that embed a Dose inherit it.
func (d Dose) dose() Dose { return d }

// rows returns the number of rows that are changed in a batch of n.
func (d Dose) rows(n int) int { return round(d.Share, n) }

// Validate returns an error for values outside their ranges.
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
	// Spec describes the triggers that are drawn.
	triggers.Spec `yaml:",inline"`
}

// DefaultAdversarialTriggers returns the default settings: stamped copies of half
// of each batch are added.
func DefaultAdversarialTriggers() AdversarialTriggers {
	return AdversarialTriggers{Dose: Dose{Share: 0.5, Placement: Add}, Spec: paperTrigger}
}

// Validate returns an error for values outside their ranges.
func (a AdversarialTriggers) Validate() error {
	if err := a.Dose.Validate(); err != nil {
		return err
	}
	return checkTrigger(a.Spec)
}

// paperTrigger is the trigger of the paper's simulated attackers, p1 = p2 = 0.2
// (section 4.2.1).
var paperTrigger = triggers.Spec{P1: 0.2, P2: 0.2, Range: triggers.PerDimension}

// checkTrigger refuses triggers of other kinds than the paper's, and invalid ones.
func checkTrigger(s triggers.Spec) error {
	if s.Kind != triggers.Random {
		return fmt.Errorf("kind is %s: a defender's own triggers are random", s.Kind)
	}
	return s.Validate()
}
