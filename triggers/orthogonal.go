package triggers

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Orthogonal is the family of triggers that attackers agree on so that none looks
// like another: all have the same pixels of the same box, each channel of a pixel
// is 0 or 255, and the patterns of any two are orthogonal. With mid-grey, 127.5, as
// zero, the sum over the pixels of the products of their values is 0, exactly and in
// every channel, so that no scaling of channels changes it.
//
// The authors report on orthogonal triggers for five attackers, each with a share of
// 0.55 of all pixels (arXiv 2201.12211), and give no construction. Disjoint masks of
// that size do not exist, so that the patterns must be what is orthogonal. Here
// these are rows of a Hadamard matrix (see hadamard) with its rows, columns and
// signs in random order.
const Orthogonal Kind = "orthogonal"

// orthogonalSet holds what the attackers of a seed agree on.
type orthogonalSet struct {
	blank  *Trigger // with the box that all have
	matrix hadamard
	pixels []int    // of the box, by column of the matrix
	rows   []int    // of the matrix, by member
	flips  [][]bool // by column and channel: whether the sign of the matrix is turned
}

// newOrthogonalSet draws a set whose triggers have the box of an empty trigger. The
// number of its pixels is that of other kinds, reduced to the next order of a
// matrix: by less than a tenth from 64 pixels on, by less than half in any case.
func newOrthogonalSet(blank *Trigger, s Spec, rng *rand.Rand) *orthogonalSet {
	chosen := choose(rng, s, blank.Box.Pixels())
	set := &orthogonalSet{blank: blank, matrix: newHadamard(len(chosen))}
	order := set.matrix.order()
	for _, i := range rng.Perm(len(chosen))[:order] {
		set.pixels = append(set.pixels, chosen[i])
		flips := make([]bool, blank.Shape.C)
		for c := range flips {
			flips[c] = rng.UintN(2) == 1
		}
		set.flips = append(set.flips, flips)
	}
	set.rows = rng.Perm(order)
	return set
}

// member returns the trigger of a member below the order of the matrix.
func (s *orthogonalSet) member(at int) *Trigger {
	t := *s.blank
	t.Mask, t.Pattern = make([]uint8, len(t.Mask)), make([]uint8, len(t.Pattern))
	column := make([]int, t.Box.Pixels())
	for c, pixel := range s.pixels {
		column[pixel] = c
	}
	t.maskPixels(s.pixels, func(x, y int) []uint8 {
		c := column[y*t.Box.W+x]
		colour := make([]uint8, t.Shape.C)
		for channel := range colour {
			if (s.matrix.at(s.rows[at], c) > 0) != s.flips[c][channel] {
				colour[channel] = math.MaxUint8
			}
		}
		return colour
	})
	return &t
}

// Member draws the set of Orthogonal triggers of a stream and returns that of a
// member, from 0 on. It is the same whichever other members are asked for. The error
// wraps ErrSpec if the kind is another one, or if the set has fewer members: it has
// as many as its triggers have pixels.
func (g *Generator) Member(rng *rand.Rand, member int) (*Trigger, error) {
	if g.spec.Kind != Orthogonal || member < 0 {
		return nil, fmt.Errorf("triggers: %w: kind %q has no member %d", ErrSpec, g.spec.Kind, member)
	}
	set := newOrthogonalSet(g.blank(rng), g.spec, rng)
	if n := len(set.rows); member >= n {
		return nil, fmt.Errorf("triggers: %w: of triggers of %d pixels only %d are orthogonal to each other, and number %d is asked for: choose larger p1 and p2",
			ErrSpec, n, n, member)
	}
	return set.member(member), nil
}
