package triggers

import (
	"math"
	"math/rand/v2"
)

// Blended blends its box with a random pattern of opacity a = P2, so that
// x' = (1 - a) x + a m (Chen, Liu, Li, Lu and Song, "Targeted Backdoor Attacks
// on Deep Learning Systems Using Data Poisoning", 2017).
const Blended Kind = "blended"

var blended = family{
	kind: Blended,
	paint: func(t *Trigger, s Spec, rng *rand.Rand) {
		t.Effect, t.Opacity = Mix, uint8(max(1, math.Round(math.MaxUint8*s.P2)))
		t.maskPixels(everyPixel(t.Box.Pixels()), func(int, int) []uint8 { return t.colour(rng) })
	},
}
