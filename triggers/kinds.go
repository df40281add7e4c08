package triggers

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Kind is a family of triggers.
type Kind string

// The families. In all but Picture, place and colours are drawn for each
// attacker, so that attackers have different triggers.
const (
	// Random is the family of the paper: random pixels of random colours (section
	// 3.2).
	Random Kind = ""
	// Picture is a picture of the user's own, the same for every seed.
	Picture Kind = "image"
	// Square fills its box with one colour, like the yellow square of Gu,
	// Dolan-Gavitt and Garg ("BadNets", 2017). P2 must be 1.
	Square Kind = "square"
	// Checkerboard fills its box with pixels of two alternating colours, like many
	// implementations of BadNets. P2 must be 1.
	Checkerboard Kind = "checkerboard"
	// Dots gives one colour to the share P2 of the box's pixels, like the "pattern
	// of bright pixels" of BadNets.
	Dots Kind = "dots"
	// Blended blends its box with a random pattern of opacity a = P2, so that
	// x' = (1 - a) x + a m (Chen, Liu, Li, Lu and Song, "Targeted Backdoor Attacks
	// on Deep Learning Systems Using Data Poisoning", 2017).
	Blended Kind = "blended"
	// Sinusoidal adds a wave d sin(2 pi f j/w + phase) to column j of its box of
	// width w, with d = P2/2 times the range of values (Barni, Kallas and Tondi, "A
	// New Backdoor Attack in CNNs by Training Set Corruption Without Label
	// Poisoning", 2019, with f = 6 and no phase).
	Sinusoidal Kind = "sinusoidal"
	// LowVariance adds a random direction in which images hardly vary, with an
	// amplitude of P2/2 times the range of values (Tanay, Andrews and Griffin,
	// "Built-in Vulnerabilities to Imperceptible Adversarial Perturbations", 2018,
	// use a principal component of low variance). Images vary least in the highest
	// spatial frequencies, which are used here for all data.
	LowVariance Kind = "low_variance"
)

// Kinds returns all families except Random, whose name is empty.
func Kinds() []Kind {
	return []Kind{Picture, Square, Checkerboard, Dots, Blended, Sinusoidal, LowVariance}
}

// coversBox reports whether a kind always replaces its whole box, so that P2 has
// no meaning.
func (k Kind) coversBox() bool { return k == Square || k == Checkerboard }

// Effect selects how a trigger combines its pattern with the pixels under its
// mask.
type Effect string

// The effects.
const (
	// Replace replaces the image by the pattern.
	Replace Effect = ""
	// Mix blends pattern and image by the trigger's Opacity.
	Mix Effect = "mix"
	// Add adds the pattern less Neutral to the image and clamps the sum to 0..255.
	Add Effect = "add"
)

// Neutral is the pattern's value that leaves the image unchanged with Effect Add.
const Neutral = 128

// combine returns a value of the image after stamping, given the pattern's value
// at the same place.
func (t *Trigger) combine(value, pattern uint8) uint8 {
	const full = math.MaxUint8
	switch t.Effect {
	case Mix:
		a := int(t.Opacity)
		return uint8(((full-a)*int(value) + a*int(pattern) + full/2) / full)
	case Add:
		return uint8(min(max(int(value)+int(pattern)-Neutral, 0), full))
	default:
		return pattern
	}
}

// validate refuses unknown kinds and parameters that a kind does not have.
func (k Kind) validate(s Spec) error {
	if k != Random && !slices.Contains(Kinds(), k) {
		return fmt.Errorf("triggers: %w: kind is %q: it must be one of %v, or empty for a random one", ErrSpec, k, Kinds())
	}
	if k != Picture && s.Pixels != "" {
		return fmt.Errorf("triggers: %w: only a trigger of kind %s has pixels of its own", ErrSpec, Picture)
	}
	if k.coversBox() && s.P2 != 1 {
		return fmt.Errorf("triggers: %w: p2 is %v: a trigger of kind %s covers its whole box, so it must be 1", ErrSpec, s.P2, k)
	}
	return nil
}

// paint fills the box of an empty trigger with a draw from its family.
func (t *Trigger) paint(spec Spec, rng *rand.Rand) {
	box := t.Box.Pixels()
	switch spec.Kind {
	case Square:
		colour := t.colour(rng)
		t.maskPixels(everyPixel(box), func(int, int) []uint8 { return colour })
	case Checkerboard:
		colours := [2][]uint8{t.colour(rng), t.colour(rng)}
		t.maskPixels(everyPixel(box), func(x, y int) []uint8 { return colours[(x+y)%2] })
	case Dots:
		chosen := choose(rng, spec.P2, box)
		colour := t.colour(rng)
		t.maskPixels(chosen, func(int, int) []uint8 { return colour })
	case Blended:
		t.Effect, t.Opacity = Mix, uint8(max(1, math.Round(math.MaxUint8*spec.P2)))
		t.maskPixels(everyPixel(box), func(int, int) []uint8 { return t.colour(rng) })
	case Sinusoidal:
		t.Effect = Add
		t.wave(spec.P2, rng)
	case LowVariance:
		t.Effect = Add
		t.lowVariance(spec.P2, rng)
	default:
		// The pixels get their colours in row order, so that the draw does not
		// depend on the order in which they were chosen.
		t.maskPixels(choose(rng, spec.P2, box), func(int, int) []uint8 { return t.colour(rng) })
	}
}

// choose draws the share p of n pixels, at least one, and returns them in row
// order.
func choose(rng *rand.Rand, p float64, n int) []int {
	chosen := rng.Perm(n)[:share(p, n)]
	slices.Sort(chosen)
	return chosen
}

// everyPixel returns the indices of all n pixels of a box.
func everyPixel(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// colour draws a colour, uniform over 0..255 in every channel.
func (t *Trigger) colour(rng *rand.Rand) []uint8 {
	colour := make([]uint8, t.Shape.C)
	for c := range colour {
		colour[c] = uint8(rng.UintN(math.MaxUint8 + 1))
	}
	return colour
}

// maskPixels adds pixels of the box, given by their index in row order, to the
// mask and sets their pattern to the colour at their column and row in the box.
func (t *Trigger) maskPixels(pixels []int, colour func(x, y int) []uint8) {
	for _, i := range pixels {
		x, y := i%t.Box.W, i/t.Box.W
		at := (t.Box.Y+y)*t.Shape.W + t.Box.X + x
		t.Mask[at] = 1
		for c, v := range colour(x, y) {
			t.Pattern[at+c*len(t.Mask)] = v
		}
	}
}

// wave fills the box with a random wave along its columns, the same in every
// channel and row. It draws the frequency f, from 1 to a quarter of the columns,
// and the phase. The amplitude is p times half the range of values.
func (t *Trigger) wave(p float64, rng *rand.Rand) {
	amplitude := p * Neutral
	f := float64(1 + rng.IntN(max(1, t.Box.W/4)))
	phase := rng.Float64()
	values := make([]uint8, t.Box.W)
	for x := range values {
		v := math.Round(amplitude * math.Sin(2*math.Pi*(f*float64(x)/float64(t.Box.W)+phase)))
		values[x] = uint8(min(max(Neutral+v, 0), math.MaxUint8))
	}
	t.maskPixels(everyPixel(t.Box.Pixels()), func(x, _ int) []uint8 {
		return slices.Repeat([]uint8{values[x]}, t.Shape.C)
	})
}
