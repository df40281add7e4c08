package triggers

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Range selects how P1 sets the size of a trigger's box.
type Range string

const (
	// PerDimension makes the box P1 of the height and P1 of the width:
	// round(P1*H) x round(P1*W), the paper's "range along the dimensions".
	PerDimension Range = "per_dimension"
	// Area makes the box P1 of the image's area with the image's proportions:
	// round(sqrt(P1)*H) x round(sqrt(P1)*W).
	Area Range = "area"
	// Whole has no box: each pixel of the image is perturbed with probability P2,
	// independently (the Random-BadNet of arXiv 2201.12211). P1 has no meaning and
	// is 0.
	Whole Range = "whole"
)

// Ranges returns all ranges.
func Ranges() []Range { return []Range{PerDimension, Area, Whole} }

// Spec describes the triggers of an attacker: a Generator draws them.
type Spec struct {
	// Kind is the trigger's family. A Picture has Pixels but no P1, P2 and Range,
	// since its mask fixes the pixels that it covers.
	Kind Kind `json:"kind,omitempty" yaml:"kind,omitempty"`
	// Pixels holds the pixels of a Picture, as Trigger.Encode returns them.
	Pixels string `json:"pixels,omitempty" yaml:"pixels,omitempty"`
	// P1 in (0, 1] sets the size of the box, in the reading of Range. It is 0 with
	// Whole.
	P1 float64 `json:"p1" yaml:"p1"`
	// P2 in (0, 1] is the share of the box's pixels that is perturbed (with Whole:
	// the probability of each) or, with kinds Blended, Sinusoidal and LowVariance,
	// the strength of the perturbation.
	P2 float64 `json:"p2" yaml:"p2"`
	// Range is PerDimension, Area or Whole. It has no default, so that each trigger has
	// exactly one spelling in a result's identity.
	Range Range `json:"range" yaml:"range"`
	// Place, Side, Colour and Alpha are those of a Patch: one of Places, its side in
	// pixels, #rrggbb and the opacity in (0, 1]. An empty Place or Colour is drawn. Side
	// is also the number of points along the grid of WaNet. Other kinds have none.
	Place  string  `json:"place,omitempty" yaml:"place,omitempty"`
	Side   int     `json:"side,omitempty" yaml:"side,omitempty"`
	Colour string  `json:"colour,omitempty" yaml:"colour,omitempty"`
	Alpha  float64 `json:"alpha,omitempty" yaml:"alpha,omitempty"`
}

// Validate returns an error for P1 or P2 outside (0, 1], an unknown Range or Kind,
// Whole with a P1, and a Picture with P1, P2 or Range or without pixels.
// NewGenerator checks
// whether the pixels fit the images. The error wraps ErrSpec and names the value
// and the allowed range.
func (s Spec) Validate() error {
	switch {
	case !s.Kind.HasSizes() && (s.P1 != 0 || s.P2 != 0 || s.Range != ""):
		return fmt.Errorf("triggers: %w: p1 is %v, p2 %v, range %q: a trigger of kind %s has none of them", ErrSpec, s.P1, s.P2, s.Range, s.Kind)
	case s.Kind == Picture && s.Pixels == "":
		return fmt.Errorf("triggers: %w: a trigger of kind %s needs its pixels", ErrSpec, Picture)
	case s.Kind == Picture && (s.Place != "" || s.Side != 0 || s.Colour != "" || s.Alpha != 0):
		return fmt.Errorf("triggers: %w: a trigger of kind %s has no place, side, colour or alpha", ErrSpec, Picture)
	case s.Kind == Picture:
		return nil
	case !s.Kind.HasSizes():
		return s.Kind.validate(s)
	}
	if !slices.Contains(Ranges(), s.Range) {
		return fmt.Errorf("triggers: %w: range is %q: it must be %s, %s or %s", ErrSpec, s.Range, PerDimension, Area, Whole)
	}
	p1 := s.P1
	if s.Range == Whole {
		if p1 != 0 {
			return fmt.Errorf("triggers: %w: p1 is %v: with range %s there is no box, so it must be 0", ErrSpec, s.P1, Whole)
		}
		p1 = 1
	}
	for _, p := range []struct {
		name  string
		value float64
	}{{"p1", p1}, {"p2", s.P2}} {
		// Written this way round, the condition refuses NaN too.
		if allowed := p.value > 0 && p.value <= 1; !allowed {
			return fmt.Errorf("triggers: %w: %s is %v: it must be above 0 and at most 1", ErrSpec, p.name, p.value)
		}
	}
	return s.Kind.validate(s)
}

// sides returns the height and the width of the box, each at least 1.
func (s Spec) sides(shape Shape) (h, w int) {
	scale := s.P1
	switch s.Range {
	case Area:
		scale = math.Sqrt(s.P1)
	case Whole:
		return shape.H, shape.W
	}
	return share(scale, shape.H), share(scale, shape.W)
}

// share returns p*n rounded to the nearest integer, halves up, but at least 1.
func share(p float64, n int) int { return max(1, int(math.Round(p*float64(n)))) }

// Generator draws triggers of one Spec for images of one Shape.
type Generator struct {
	shape   Shape
	spec    Spec
	picture *Trigger // the trigger of kind Picture, else nil
}

// NewGenerator returns the generator of a spec for images of a shape. The error
// wraps ErrSpec if shape or spec are invalid or the pixels of a Picture do not fit
// the shape.
func NewGenerator(shape Shape, spec Spec) (*Generator, error) {
	if err := shape.Validate(); err != nil {
		return nil, err
	}
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	g := &Generator{shape: shape, spec: spec}
	if spec.Kind == Picture {
		var err error
		if g.picture, err = decode(spec.Pixels, shape); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Draw draws a trigger. With kind Random this is m = random_array(dim, p1, p2) of
// section 3.2 of the paper: a box of the spec's size (see Range; at least 1 x 1)
// at a uniformly random place inside the image, of whose n pixels round(P2*n), at
// least 1, are chosen uniformly without replacement, each with a colour uniform
// over 0..255 in every channel. With range Whole the box is the whole image, and
// each pixel is chosen with probability P2, independently; if this chooses none,
// one is, uniformly. Other kinds fill the box as documented at the kind.
//
// The result is a function of the generator's shape and spec and of rng's state.
// With kind Picture, Draw ignores rng and always returns the same trigger, which
// must not be changed. With kind Orthogonal it returns the first of the triggers
// that Member draws.
func (g *Generator) Draw(rng *rand.Rand) *Trigger {
	if g.picture != nil {
		return g.picture
	}
	if g.spec.Kind == Orthogonal {
		return newOrthogonalSet(g.blank(rng), g.spec, rng).member(0)
	}
	t := g.blank(rng)
	if f, ok := familyOf(g.spec.Kind); ok { // NewGenerator has checked it
		f.paint(t, g.spec, rng)
	}
	return t
}

// blank returns a trigger without pixels in a box of the spec's size at a random
// place.
func (g *Generator) blank(rng *rand.Rand) *Trigger {
	if !g.spec.Kind.HasSizes() {
		return &Trigger{Shape: g.shape, Mask: make([]uint8, g.shape.Plane()), Pattern: make([]uint8, g.shape.Size())}
	}
	h, w := g.spec.sides(g.shape)
	return &Trigger{
		Shape:   g.shape,
		Box:     Box{X: rng.IntN(g.shape.W - w + 1), Y: rng.IntN(g.shape.H - h + 1), W: w, H: h},
		Mask:    make([]uint8, g.shape.Plane()),
		Pattern: make([]uint8, g.shape.Size()),
	}
}
