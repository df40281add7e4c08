package triggers

import "math/rand/v2"

// Random is the family of the paper: random pixels of random colours (section
// 3.2). With range Whole it is the Random-BadNet of the same authors (arXiv
// 2201.12211, appendix), whose colours do not depend on P2: a larger P2 keeps the
// pattern of a smaller one and adds to it.
const Random Kind = ""

var random = family{
	kind: Random,
	paint: func(t *Trigger, s Spec, rng *rand.Rand) {
		if s.Range == Whole {
			colours := make([][]uint8, t.Box.Pixels())
			for i := range colours {
				colours[i] = t.colour(rng)
			}
			t.maskPixels(choose(rng, s, t.Box.Pixels()), func(x, y int) []uint8 { return colours[y*t.Box.W+x] })
			return
		}
		// The pixels get their colours in row order, so that the draw does not
		// depend on the order in which they were chosen.
		t.maskPixels(choose(rng, s, t.Box.Pixels()), func(int, int) []uint8 { return t.colour(rng) })
	},
}
