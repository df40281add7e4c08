package triggers

import "math/rand/v2"

// Square fills its box with one colour, like the yellow square of Gu,
// Dolan-Gavitt and Garg ("BadNets", 2017). P2 must be 1.
const Square Kind = "square"

var square = family{
	kind:      Square,
	coversBox: true,
	paint: func(t *Trigger, _ Spec, rng *rand.Rand) {
		colour := t.colour(rng)
		t.maskPixels(everyPixel(t.Box.Pixels()), func(int, int) []uint8 { return colour })
	},
}
