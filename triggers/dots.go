package triggers

import "math/rand/v2"

// Dots gives one colour to the share P2 of the box's pixels, like the "pattern
// of bright pixels" of BadNets.
const Dots Kind = "dots"

var dots = family{
	kind: Dots,
	paint: func(t *Trigger, s Spec, rng *rand.Rand) {
		chosen := choose(rng, s, t.Box.Pixels())
		colour := t.colour(rng)
		t.maskPixels(chosen, func(int, int) []uint8 { return colour })
	},
}
