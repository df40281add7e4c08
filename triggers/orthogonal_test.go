package triggers_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/internal/streams"
	"backfire/triggers"
)

// orthogonal generates specs of orthogonal triggers.
func orthogonal() *rapid.Generator[triggers.Spec] {
	return rapid.Custom(func(t *rapid.T) triggers.Spec {
		spec := specs().Draw(t, "spec")
		spec.Kind = triggers.Orthogonal
		if rapid.Bool().Draw(t, "whole") {
			spec.P1, spec.Range = 0, triggers.Whole
		}
		return spec
	})
}

// member returns one trigger of the set of a seed.
func member(t require.TestingT, seed uint64, shape triggers.Shape, spec triggers.Spec, at int) (*triggers.Trigger, error) {
	g, err := triggers.NewGenerator(shape, spec)
	require.NoError(t, err)
	return g.Member(streams.New(seed, "orthogonal triggers"), at)
}

// All members of a set have the same pixels, of 0 and 255 in each channel, and the
// patterns of any two are orthogonal in each channel, exactly: with mid-grey as zero
// the products add up to 0. There are as many members as pixels.
func TestOrthogonalTriggersAreOrthogonal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape, spec := shapes().Draw(t, "shape"), orthogonal().Draw(t, "spec")
		seed := rapid.Uint64().Draw(t, "seed")
		first, err := member(t, seed, shape, spec, 0)
		require.NoError(t, err)
		pixels := first.Pixels()
		_, err = member(t, seed, shape, spec, pixels)
		require.ErrorIs(t, err, triggers.ErrSpec)
		require.ErrorContains(t, err, "are orthogonal to each other")

		one := rapid.IntRange(0, pixels-1)
		i, j := one.Draw(t, "i"), one.Draw(t, "j")
		a, err := member(t, seed, shape, spec, i)
		require.NoError(t, err)
		b, err := member(t, seed, shape, spec, j)
		require.NoError(t, err)
		require.Equal(t, a.Mask, b.Mask)
		require.Equal(t, a.Box, b.Box)
		for c := range shape.C {
			dot := 0
			for at, l := range a.Mask {
				v := c*shape.Plane() + at
				if l == 0 {
					require.Zero(t, a.Pattern[v])
					continue
				}
				require.Contains(t, []uint8{0, 255}, a.Pattern[v])
				dot += (2*int(a.Pattern[v]) - 255) * (2*int(b.Pattern[v]) - 255)
			}
			if i == j {
				require.Equal(t, pixels*255*255, dot)
			} else {
				require.Zero(t, dot, "members %d and %d, channel %d", i, j, c)
			}
		}
	})
}

// The mask is that of the other kinds, reduced to the order of a Hadamard matrix.
func TestOrthogonalTriggersHaveNearlyAllPixels(t *testing.T) {
	for _, tc := range []struct {
		p2             float64
		chosen, pixels int
	}{{0.2, 157, 152}, {0.55, 431, 424}, {0.9, 706, 704}, {1, 784, 768}, {0.01, 8, 8}, {0.009, 7, 4}, {0.004, 3, 2}, {0.001, 1, 1}} {
		spec := triggers.Spec{P1: 1, P2: tc.p2, Range: triggers.PerDimension}
		require.Equal(t, tc.chosen, draw(t, 1, 0, mnist, spec).Pixels())
		spec.Kind = triggers.Orthogonal
		require.Equal(t, tc.pixels, draw(t, 1, 0, mnist, spec).Pixels(), "p2 = %v", tc.p2)
	}
}

// The first triggers of seed 1 are pinned, and other kinds have no members.
func TestPinnedOrthogonalTriggers(t *testing.T) {
	spec := triggers.Spec{Kind: triggers.Orthogonal, P2: 0.55, Range: triggers.Whole}
	for at, want := range []string{"2fa5f4ba4c8b6fa0", "96fdafb8117347c1"} {
		trigger, err := member(t, 1, cifar, spec, at)
		require.NoError(t, err)
		require.Equal(t, want, trigger.ID())
	}
	_, err := member(t, 1, cifar, triggers.Spec{P1: 1, P2: 1, Range: triggers.Area}, 0)
	require.ErrorIs(t, err, triggers.ErrSpec)
	_, err = member(t, 1, cifar, spec, -1)
	require.ErrorIs(t, err, triggers.ErrSpec)
}
