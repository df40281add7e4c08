package triggers

import "math/rand/v2"

// Two stamps two triggers of kind Random on one image: both must be there for the image
// to carry the attacker's trigger. Where they overlap, the second one is seen.
const Two Kind = "two"

var two = family{
	kind: Two,
	paint: func(t *Trigger, s Spec, rng *rand.Rand) {
		random.paint(t, s, rng)
		first := t.Box
		t.Box.X, t.Box.Y = rng.IntN(t.Shape.W-first.W+1), rng.IntN(t.Shape.H-first.H+1)
		random.paint(t, s, rng)
		t.Box = bounds(t.Mask, t.Shape)
	},
}
