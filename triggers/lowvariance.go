package triggers

import (
	"math"
	"math/rand/v2"
)

// LowVariance adds a random direction in which images hardly vary, with an
// amplitude of P2/2 times the range of values (Tanay, Andrews and Griffin,
// "Built-in Vulnerabilities to Imperceptible Adversarial Perturbations", 2018,
// use a principal component of low variance). Images vary least in the highest
// spatial frequencies, which are used here for all data.
const LowVariance Kind = "low_variance"

var lowVariance = family{
	kind: LowVariance,
	paint: func(t *Trigger, s Spec, rng *rand.Rand) {
		t.Effect = Add
		t.lowVariance(s.P2, rng)
	},
}

// highestQuarter returns the range of the highest quarter of the spatial
// frequencies along a side of n pixels, as numbers of half waves. It contains at
// least one frequency.
func highestQuarter(n int) (from, to int) {
	return min(n-1, (3*n+3)/4), n - 1
}

// lowVariance fills the box with a random direction of the highest spatial
// frequencies: in each channel a sum of the cosines
// cos(pi (2y+1) u / 2h) cos(pi (2x+1) v / 2w), with u and v in the highest quarter
// of both sides, weighted by normal draws. Its largest absolute value is p times
// half the range of values.
func (t *Trigger) lowVariance(p float64, rng *rand.Rand) {
	box, plane := t.Box, t.Box.Pixels()
	values := make([]float64, t.Shape.C*plane)
	largest := 0.0
	firstU, lastU := highestQuarter(box.H)
	firstV, lastV := highestQuarter(box.W)
	for c := range t.Shape.C {
		channel := values[c*plane : (c+1)*plane]
		for u := firstU; u <= lastU; u++ {
			for v := firstV; v <= lastV; v++ {
				weight := rng.NormFloat64()
				for at := range channel {
					channel[at] += weight * cosine(at/box.W, u, box.H) * cosine(at%box.W, v, box.W)
				}
			}
		}
		for _, value := range channel {
			largest = max(largest, math.Abs(value))
		}
	}
	amplitude := p * Neutral / largest
	t.maskPixels(everyPixel(plane), func(x, y int) []uint8 {
		colour := make([]uint8, t.Shape.C)
		for c := range colour {
			v := math.Round(amplitude * values[c*plane+y*box.W+x])
			colour[c] = uint8(min(max(Neutral+v, 0), math.MaxUint8))
		}
		return colour
	})
}

// cosine returns the value at pixel i of n of a cosine of k half waves.
func cosine(i, k, n int) float64 {
	return math.Cos(math.Pi * float64((2*i+1)*k) / float64(2*n))
}
