package triggers

import "math"

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
	// Warp moves the pixels of the whole image along the trigger's Shift. The pattern
	// only shows it.
	Warp Effect = "warp"
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
