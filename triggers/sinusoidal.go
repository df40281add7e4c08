package triggers

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Sinusoidal adds a wave d sin(2 pi f j/w + phase) to column j of its box of
// width w, with d = P2/2 times the range of values (Barni, Kallas and Tondi, "A
// New Backdoor Attack in CNNs by Training Set Corruption Without Label
// Poisoning", 2019, with f = 6 and no phase).
const Sinusoidal Kind = "sinusoidal"

var sinusoidal = family{
	kind: Sinusoidal,
	paint: func(t *Trigger, s Spec, rng *rand.Rand) {
		t.Effect = Add
		t.wave(s.P2, rng)
	},
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
