package triggers

import (
	"math"
	"math/rand/v2"
	"slices"
)

// choose draws the perturbed ones of n pixels, at least one, and returns them in
// row order: a share P2 of them or, with range Whole, each with probability P2.
func choose(rng *rand.Rand, s Spec, n int) []int {
	if s.Range == Whole {
		return chooseEach(rng, s.P2, n)
	}
	chosen := rng.Perm(n)[:share(s.P2, n)]
	slices.Sort(chosen)
	return chosen
}

// chooseEach draws each of n pixels with probability p, independently, and returns
// them in ascending order. If it draws none, it returns the pixel that was nearest
// to being drawn, which is each one with the same probability. A larger p gives the
// same pixels and more.
func chooseEach(rng *rand.Rand, p float64, n int) []int {
	var chosen []int
	nearest, least := 0, 1.0
	for i := range n {
		u := rng.Float64()
		if u < p {
			chosen = append(chosen, i)
		}
		if u < least {
			nearest, least = i, u
		}
	}
	if len(chosen) == 0 {
		return []int{nearest}
	}
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
