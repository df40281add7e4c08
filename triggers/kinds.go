package triggers

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Kind is a family of triggers. The file of each family has its constant, its
// source and its draw.
type Kind string

// family is how a kind of triggers is drawn.
type family struct {
	kind Kind
	// coversBox reports that the kind always replaces its whole box, so that P2 has
	// no meaning and must be 1.
	coversBox bool
	// ownSize reports that the kind has neither P1, P2 nor a Range; its paint sets the box.
	ownSize bool
	// validate refuses parameters of the kind's own; nil: it has none.
	validate func(s Spec) error
	// paint fills the box of an empty trigger with a draw. It is nil for kinds that
	// are not drawn from an attacker's stream alone: Picture and Orthogonal.
	paint func(t *Trigger, s Spec, rng *rand.Rand)
}

// families lists all kinds, Random first. In all but Picture, place and colours are
// drawn, so that attackers have different triggers.
var families = []family{
	random, // empty name
	{kind: Picture, ownSize: true},
	square,
	checkerboard,
	dots,
	blended,
	sinusoidal,
	lowVariance,
	{kind: Orthogonal},
	patch,
	two,
	wanet,
}

// Kinds returns all families except Random, whose name is empty.
func Kinds() []Kind {
	var kinds []Kind
	for _, f := range families[1:] {
		kinds = append(kinds, f.kind)
	}
	return kinds
}

// familyOf returns the family of a kind, and whether there is one.
func familyOf(k Kind) (family, bool) {
	i := slices.IndexFunc(families, func(f family) bool { return f.kind == k })
	if i < 0 {
		return family{}, false
	}
	return families[i], true
}

// CoversBox reports whether triggers of the kind replace their whole box, so that P2
// must be 1.
func (k Kind) CoversBox() bool {
	f, _ := familyOf(k)
	return f.coversBox
}

// HasSizes reports whether triggers of the kind have P1, P2 and a Range.
func (k Kind) HasSizes() bool {
	f, _ := familyOf(k)
	return !f.ownSize
}

// DrawnOnce reports whether there is no other trigger of the kind that could take
// the place of one: a Picture is the user's, and Orthogonal triggers belong
// together. Such a trigger is not drawn for every image either.
func (k Kind) DrawnOnce() bool { return k == Picture || k == Orthogonal }

// validate refuses unknown kinds and parameters that a kind does not have.
func (k Kind) validate(s Spec) error {
	f, ok := familyOf(k)
	if !ok {
		return fmt.Errorf("triggers: %w: kind is %q: it must be one of %v, or empty for a random one", ErrSpec, k, Kinds())
	}
	if k != Picture && s.Pixels != "" {
		return fmt.Errorf("triggers: %w: only a trigger of kind %s has pixels of its own", ErrSpec, Picture)
	}
	if f.validate != nil {
		return f.validate(s)
	}
	if s.Place != "" || s.Side != 0 || s.Colour != "" || s.Alpha != 0 {
		return fmt.Errorf("triggers: %w: a trigger of kind %q has no place, side, colour or alpha", ErrSpec, k)
	}
	if f.coversBox && s.P2 != 1 {
		return fmt.Errorf("triggers: %w: p2 is %v: a trigger of kind %s covers its whole box, so it must be 1", ErrSpec, s.P2, k)
	}
	return nil
}
