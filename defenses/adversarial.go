package defenses

import (
	"fmt"

	"backfire/defenses/definition"
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

// Fits refuses a share of a batch that rounds to zero rows. Settings that embed a Dose
// inherit it.
func (d Dose) Fits(scale Scale) error {
	if d.rows(scale.Batch) == 0 {
		return fmt.Errorf("share is %v: of a batch of %d images that is none", d.Share, scale.Batch)
	}
	return nil
}

// settings declares the settings of a dose, with the default share and the help of
// both.
func (Dose) settings(share, shareHelp, placementHelp string) []definition.Setting {
	return []definition.Setting{
		{Key: "share", Default: share, Range: "(0,1]", Help: shareHelp},
		{Key: "placement", Default: string(Add), Oneof: []string{string(Add), string(Replace)}, Help: placementHelp},
	}
}

// exampleDose declares the dose of adversarial examples.
func exampleDose() []definition.Setting {
	return Dose{}.settings("1", "share of a batch's images that examples are made of", "add the examples to the batch, or put them in the images' places")
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

// KindAdversarialTriggers is the name of AdversarialTriggers.
const KindAdversarialTriggers Kind = "adversarial_triggers"

var adversarialTriggers = definition.Definition{
	Kind: KindAdversarialTriggers, Stages: []definition.Stage{definition.Batches}, Triggers: true,
	Summary: "part of every batch is stamped with fresh random triggers and keeps its labels",
	Settings: append(Dose{}.settings("0.5", "share of a batch's images that is stamped", "add stamped copies to the batch, or stamp the images themselves"),
		definition.Setting{Key: "p1", Default: "0.2", Range: "(0,1]", Checked: true, Help: "size of each trigger's box, as a share of what trigger.range names"},
		definition.Setting{Key: "p2", Default: "0.2", Range: "(0,1]", Help: "share of the box's pixels that is perturbed"}),
	New: func() any { return &AdversarialTriggers{Spec: ownTrigger} },
}

// Validate refuses triggers of other kinds than random ones.
func (a AdversarialTriggers) Validate() error { return checkTrigger(a.Spec) }

// ownTrigger is the trigger of a defender before its sizes are set.
var ownTrigger = triggers.Spec{Range: triggers.PerDimension}

// checkTrigger refuses triggers of other kinds than the paper's, and invalid ones.
func checkTrigger(s triggers.Spec) error {
	if s.Kind != triggers.Random {
		return fmt.Errorf("kind is %s: a defender's own triggers are random", s.Kind)
	}
	return s.Validate()
}
