package triggers_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/triggers"
)

// bruteForce compares two triggers of one shape, pixel by pixel.
func bruteForce(a, b *triggers.Trigger) (o triggers.Overlap) {
	for at := range a.Mask {
		if a.Mask[at]+b.Mask[at] > 0 {
			o.Union++
		}
		if a.Mask[at]+b.Mask[at] < 2 {
			continue
		}
		o.Shared++
		equal := true
		for c := range a.Shape.C {
			v := c*len(a.Mask) + at
			equal = equal && a.Pattern[v] == b.Pattern[v]
		}
		if equal {
			o.Equal++
		}
	}
	o.Jaccard = float64(o.Shared) / float64(o.Union)
	return o
}

func TestCompareAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := shapes().Draw(t, "shape")
		seed := rapid.Uint64().Draw(t, "seed")
		a := draw(t, seed, 0, shape, specs().Draw(t, "spec a"))
		b := draw(t, seed, 1, shape, specs().Draw(t, "spec b"))
		if rapid.Bool().Draw(t, "copy some values") {
			for v := range b.Pattern {
				if at := v % len(b.Mask); a.Mask[at] == 1 && b.Mask[at] == 1 && v%2 == 0 {
					b.Pattern[v] = a.Pattern[v]
				}
			}
		}
		require.Equal(t, bruteForce(a, b), triggers.Compare(a, b))
		require.Equal(t, triggers.Compare(a, b), triggers.Compare(b, a))
		require.Equal(t, a.ID() == b.ID(), triggers.Compare(a, b).Collides())
		require.True(t, triggers.Compare(a, a).Collides())
	})
}

func TestCollision(t *testing.T) {
	a := black()
	require.True(t, triggers.Compare(a, black()).Collides())

	colour := black()
	colour.Pattern[32+9] = 1
	require.Equal(t, triggers.Overlap{Shared: 2, Equal: 1, Union: 2, Jaccard: 1}, triggers.Compare(a, colour))
	require.False(t, triggers.Compare(a, colour).Collides(), "one value in one channel differs")

	smaller := black()
	smaller.Mask[9] = 0
	require.Equal(t, triggers.Overlap{Shared: 1, Equal: 1, Union: 2, Jaccard: 0.5}, triggers.Compare(a, smaller))
	require.False(t, triggers.Compare(a, smaller).Collides(), "one trigger contains the other")

	other := draw(t, 1, 0, mnist, triggers.Spec{P1: 0.2, P2: 0.2, Range: triggers.PerDimension})
	require.Equal(t, triggers.Overlap{Union: 9}, triggers.Compare(a, other), "different shapes")
}
