package triggers

import "math/rand/v2"

// Checkerboard fills its box with pixels of two alternating colours, like many
// implementations of BadNets. P2 must be 1.
const Checkerboard Kind = "checkerboard"

var checkerboard = family{
	kind:      Checkerboard,
	coversBox: true,
	paint: func(t *Trigger, _ Spec, rng *rand.Rand) {
		colours := [2][]uint8{t.colour(rng), t.colour(rng)}
		t.maskPixels(everyPixel(t.Box.Pixels()), func(x, y int) []uint8 { return colours[(x+y)%2] })
	},
}
