package triggers_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/internal/streams"
	"backfire/triggers"
)

// draw draws one trigger from the stream of an attacker.
func draw(t require.TestingT, seed, id uint64, shape triggers.Shape, spec triggers.Spec) *triggers.Trigger {
	g, err := triggers.NewGenerator(shape, spec)
	require.NoError(t, err)
	return g.Draw(streams.New(seed, "trigger", id))
}

// shapes generates shapes that NewGenerator accepts, of sizes that keep the tests
// fast.
func shapes() *rapid.Generator[triggers.Shape] {
	return rapid.Custom(func(t *rapid.T) triggers.Shape {
		return triggers.Shape{
			C: rapid.SampledFrom([]int{1, 3}).Draw(t, "channels"),
			H: rapid.IntRange(1, 40).Draw(t, "height"),
			W: rapid.IntRange(1, 40).Draw(t, "width"),
		}
	})
}

// specs generates specs of kind Random that NewGenerator accepts.
func specs() *rapid.Generator[triggers.Spec] {
	p := rapid.Custom(func(t *rapid.T) float64 {
		return float64(rapid.IntRange(1, 100).Draw(t, "percent")) / 100
	})
	return rapid.Custom(func(t *rapid.T) triggers.Spec {
		return triggers.Spec{
			P1:    p.Draw(t, "p1"),
			P2:    p.Draw(t, "p2"),
			Range: rapid.SampledFrom([]triggers.Range{triggers.PerDimension, triggers.Area}).Draw(t, "range"),
		}
	})
}

// images generates images of a shape.
func images(shape triggers.Shape) *rapid.Generator[[]uint8] {
	return rapid.SliceOfN(rapid.Uint8(), shape.Size(), shape.Size())
}

func TestStampIsTheFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := shapes().Draw(t, "shape")
		trigger := draw(t, rapid.Uint64().Draw(t, "seed"), 0, shape, specs().Draw(t, "spec"))
		clean := images(shape).Draw(t, "image")
		stamped := append([]uint8(nil), clean...)
		trigger.Stamp(stamped)
		for c := range shape.C {
			for at, l := range trigger.Mask {
				v := c*shape.Plane() + at
				require.Equal(t, clean[v]*(1-l)+trigger.Pattern[v]*l, stamped[v], "channel %d pixel %d", c, at)
			}
		}
		twice := append([]uint8(nil), stamped...)
		trigger.Stamp(twice)
		require.Equal(t, stamped, twice, "stamping twice has the effect of stamping once")
	})
}

// black returns a trigger of black pixels, which a mask derived from its pattern
// would lose.
func black() *triggers.Trigger {
	t := &triggers.Trigger{
		Shape:   triggers.Shape{C: 3, H: 4, W: 4},
		Box:     triggers.Box{X: 1, Y: 2, W: 2, H: 1},
		Mask:    make([]uint8, 16),
		Pattern: make([]uint8, 48),
	}
	t.Mask[9], t.Mask[10] = 1, 1
	return t
}

func TestBlackPixelsAreStamped(t *testing.T) {
	trigger := black()
	require.Equal(t, 2, trigger.Pixels())
	img := make([]uint8, 48)
	for i := range img {
		img[i] = 200
	}
	trigger.Stamp(img)
	for v, value := range img {
		if at := v % 16; at == 9 || at == 10 {
			require.Zero(t, value)
		} else {
			require.EqualValues(t, 200, value)
		}
	}
}

func TestStampLeavesTheNextImageAlone(t *testing.T) {
	trigger := black()
	pair := make([]uint8, 96)
	for i := range pair {
		pair[i] = 7
	}
	trigger.Stamp(pair[:48])
	for _, value := range pair[48:] {
		require.EqualValues(t, 7, value)
	}
}

func TestIDNamesTheEffect(t *testing.T) {
	base := black()
	require.Len(t, base.ID(), 16)
	require.Equal(t, base.ID(), black().ID())

	hidden := black()
	hidden.Pattern[0] = 99
	hidden.Box = triggers.Box{X: 0, Y: 0, W: 4, H: 4}
	require.Equal(t, base.ID(), hidden.ID(), "neither a value outside the mask nor the box has an effect")

	for name, change := range map[string]func(*triggers.Trigger){
		"value":         func(t *triggers.Trigger) { t.Pattern[9] = 1 },
		"third channel": func(t *triggers.Trigger) { t.Pattern[32+10] = 1 },
		"place":         func(t *triggers.Trigger) { t.Mask[10], t.Mask[11], t.Box.W = 0, 1, 3 },
		"mask":          func(t *triggers.Trigger) { t.Mask[10] = 0 },
		"shape":         func(t *triggers.Trigger) { t.Shape.H, t.Shape.W, t.Box.Y = 2, 8, 1 },
	} {
		other := black()
		change(other)
		require.NotEqual(t, base.ID(), other.ID(), name)
	}
}
