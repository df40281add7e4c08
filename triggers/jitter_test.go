package triggers_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/internal/streams"
	"backfire/triggers"
)

// drawnSpecs generates specs of the kinds that are drawn for each image.
func drawnSpecs() *rapid.Generator[triggers.Spec] {
	return rapid.Custom(func(t *rapid.T) triggers.Spec {
		var kinds []triggers.Kind
		for _, k := range append(triggers.Kinds(), triggers.Random) {
			if !k.DrawnOnce() && k != triggers.Patch && k != triggers.WaNet && k != triggers.Two { // these have no box and no share of its pixels
				kinds = append(kinds, k)
			}
		}
		s := triggers.Spec{
			Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), P1: 0.6, P2: rapid.Float64Range(0.1, 1).Draw(t, "p2"),
			Range: rapid.SampledFrom(triggers.Ranges()).Draw(t, "range"),
		}
		if s.Range == triggers.Whole {
			s.P1 = 0
		}
		if s.Kind.CoversBox() {
			s.P2 = 1
		}
		return s
	})
}

// A part has as many pixels as asked for, with the values that they have in the whole, and
// contains every smaller part.
func TestPartsAreNested(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, err := triggers.NewGenerator(triggers.Shape{C: 3, H: 9, W: 7}, drawnSpecs().Draw(t, "spec"))
		require.NoError(t, err)
		seed := rapid.Uint64().Draw(t, "seed")
		whole := g.Draw(streams.New(seed, "whole"))
		n := rapid.IntRange(-1, whole.Pixels()+1).Draw(t, "pixels")
		part, smaller := whole.Part(n, streams.New(seed, "order")), whole.Part(n-1, streams.New(seed, "order"))
		require.Equal(t, min(whole.Pixels(), max(0, n)), part.Pixels())
		for at := range whole.Mask {
			require.LessOrEqual(t, part.Mask[at], whole.Mask[at])
			require.LessOrEqual(t, smaller.Mask[at], part.Mask[at])
			for v := at; v < len(whole.Pattern); v += len(whole.Mask) {
				require.Equal(t, whole.Pattern[v]*part.Mask[at], part.Pattern[v])
			}
		}
		require.Equal(t, whole.ID(), whole.Part(whole.Pixels(), streams.New(seed, "order")).ID())
	})
}

// Joined triggers have the pixels of both, and where both have one, the first one's. Stamping
// the second and then the first is the same if the pattern replaces the image.
func TestJoin(t *testing.T) {
	shape := triggers.Shape{C: 1, H: 8, W: 8}
	rapid.Check(t, func(t *rapid.T) {
		spec := triggers.Spec{P1: rapid.Float64Range(0.2, 1).Draw(t, "p1"), P2: 0.5, Range: triggers.PerDimension}
		g, err := triggers.NewGenerator(shape, spec)
		require.NoError(t, err)
		seed := rapid.Uint64().Draw(t, "seed")
		a, b := g.Draw(streams.New(seed, "a")), g.Draw(streams.New(seed, "b"))
		joined := a.Join(b)
		image := make([]uint8, shape.Size())
		for i := range image {
			image[i] = uint8(7 * i)
		}
		one, two := append([]uint8{}, image...), append([]uint8{}, image...)
		joined.Stamp(one)
		b.Stamp(two)
		a.Stamp(two)
		require.Equal(t, two, one)
		require.Equal(t, joined.Pixels(), sum(joined.Mask), "the box contains every pixel")
	})
}

// sum returns the sum of a mask.
func sum(mask []uint8) int {
	n := 0
	for _, m := range mask {
		n += int(m)
	}
	return n
}
