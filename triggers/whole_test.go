package triggers_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/internal/streams"
	"backfire/triggers"
)

// whole returns the spec of a trigger without a box.
func whole(kind triggers.Kind, p2 float64) triggers.Spec {
	return triggers.Spec{Kind: kind, P2: p2, Range: triggers.Whole}
}

// Without a box, a trigger has at least one pixel, and with a larger P2 the same
// pixels with the same colours and more.
func TestWholeGrowsWithP2(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape, seed := shapes().Draw(t, "shape"), rapid.Uint64().Draw(t, "seed")
		kind := rapid.SampledFrom([]triggers.Kind{triggers.Random, triggers.Dots}).Draw(t, "kind")
		percent := rapid.IntRange(1, 100)
		less, more := percent.Draw(t, "p2"), percent.Draw(t, "other p2")
		less, more = min(less, more), max(less, more)
		small := draw(t, seed, 0, shape, whole(kind, float64(less)/100))
		large := draw(t, seed, 0, shape, whole(kind, float64(more)/100))
		require.Equal(t, triggers.Box{W: shape.W, H: shape.H}, small.Box)
		require.Positive(t, small.Pixels())
		if more == 100 {
			require.Equal(t, shape.Plane(), large.Pixels())
		}
		overlap := triggers.Compare(small, large)
		require.Equal(t, small.Pixels(), overlap.Equal)
		require.Equal(t, large.Pixels(), overlap.Union)
	})
}

// Each pixel is perturbed with probability P2, independently of every other one.
func TestWholeIsIndependent(t *testing.T) {
	shape := triggers.Shape{C: 3, H: 3, W: 4}
	g, err := triggers.NewGenerator(shape, whole(triggers.Random, 0.3))
	require.NoError(t, err)
	const draws, p = 40_000, 0.3
	masked, both := make([]int, shape.Plane()), make([]int, shape.Plane())
	colours := make([]int, 256)
	for i := range uint64(draws) {
		trigger := g.Draw(streams.New(1, "trigger", i))
		for at, l := range trigger.Mask {
			masked[at] += int(l)
			both[at] += int(l & trigger.Mask[(at+1)%shape.Plane()])
			for c := range shape.C {
				if l == 1 {
					colours[trigger.Pattern[c*shape.Plane()+at]]++
				}
			}
		}
	}
	within := func(count int, p float64, draws int, what string) {
		deviation := math.Sqrt(float64(draws) * p * (1 - p))
		require.InDelta(t, p*float64(draws), float64(count), 5*deviation, what)
	}
	// Where no pixel is drawn, with probability 0.7^12, one is chosen.
	forced := math.Pow(1-p, float64(shape.Plane())) / float64(shape.Plane())
	total := 0
	for at := range masked {
		within(masked[at], p+forced, draws, "a pixel")
		within(both[at], p*p, draws, "two pixels")
		total += shape.C * masked[at]
	}
	for _, n := range colours {
		within(n, 1.0/256, total, "a colour")
	}
}

// Where P2 draws no pixel, every pixel is the one with the same probability.
func TestWholeWithoutAPixelTakesOne(t *testing.T) {
	shape := triggers.Shape{C: 1, H: 2, W: 3}
	g, err := triggers.NewGenerator(shape, whole(triggers.Random, 1e-9))
	require.NoError(t, err)
	const draws = 12_000
	counts := make([]int, shape.Plane())
	for i := range uint64(draws) {
		trigger := g.Draw(streams.New(1, "trigger", i))
		require.Equal(t, 1, trigger.Pixels())
		for at, l := range trigger.Mask {
			counts[at] += int(l)
		}
	}
	for _, n := range counts {
		require.InDelta(t, draws/6, n, 5*math.Sqrt(draws/6))
	}
}

// The first trigger of seed 1 is pinned, as those with a box are.
func TestPinnedWholeTrigger(t *testing.T) {
	trigger := draw(t, 1, 0, mnist, whole(triggers.Random, 0.2))
	require.Equal(t, "28x28+0+0 4c1b2d98b4c25854", trigger.Box.String()+" "+trigger.ID())
}
