package defenses

import (
	"backfire/defenses/definition"
	"backfire/internal/streams"
	"backfire/triggers"
)

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

// Drawer returns what draws rows of each batch and a fresh trigger for each.
func (a *AdversarialTriggers) Drawer(t Training) (BatchDrawer, error) {
	generator, err := triggers.NewGenerator(t.Shape, a.Spec)
	return &stamping{a.Dose, generator, t.Shape, t.Seed}, err
}

// stamping draws the stamps of the batches of one training.
type stamping struct {
	dose     Dose
	triggers *triggers.Generator
	shape    triggers.Shape
	seed     uint64
}

// Draw draws rows of a batch and a fresh trigger for each.
func (d *stamping) Draw(batch *Batch, epoch, step, n int) int {
	rows := d.dose.rows(n)
	if rows == 0 {
		return n
	}
	rng := streams.New(d.seed, "adversarial trigger", uint64(epoch), uint64(step))
	s := &Stamps{Rows: chooseRows(rng, n, rows), Placement: d.dose.Placement}
	s.Masks = make([]uint8, 0, rows*d.shape.Plane())
	s.Patterns = make([]uint8, 0, rows*d.shape.Size())
	for range s.Rows {
		t := d.triggers.Draw(rng)
		s.Masks, s.Patterns = append(s.Masks, t.Mask...), append(s.Patterns, t.Pattern...)
	}
	batch.Stamps = s
	if s.Placement == Add {
		n += rows
	}
	return n
}
