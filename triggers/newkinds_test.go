package triggers_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/triggers"
)

// A patch is a square of one colour at its place, of its opacity, and depends on the
// stream only where place or colour are drawn.
func TestPatch(t *testing.T) {
	shape := triggers.Shape{C: 3, H: 10, W: 12}
	for place, want := range map[string]triggers.Box{
		"top_left": {X: 1, Y: 1, W: 3, H: 3}, "top_right": {X: 8, Y: 1, W: 3, H: 3}, "bottom_left": {X: 1, Y: 6, W: 3, H: 3},
		"bottom_right": {X: 8, Y: 6, W: 3, H: 3}, "center": {X: 4, Y: 3, W: 3, H: 3},
	} {
		spec := triggers.Spec{Kind: triggers.Patch, Place: place, Side: 3, Colour: "#ffff00", Alpha: 1}
		trigger := draw(t, 1, 0, shape, spec)
		require.Equal(t, want, trigger.Box, place)
		require.Equal(t, 9, trigger.Pixels())
		require.Equal(t, trigger.ID(), draw(t, 2, 5, shape, spec).ID())
		image := make([]uint8, shape.Size())
		trigger.Stamp(image)
		at := want.Y*shape.W + want.X
		require.Equal(t, [3]uint8{255, 255, 0}, [3]uint8{image[at], image[at+120], image[at+240]})
	}
	half := draw(t, 1, 0, shape, triggers.Spec{Kind: triggers.Patch, Place: "center", Side: 3, Colour: "#ffffff", Alpha: 0.5})
	image := make([]uint8, shape.Size())
	half.Stamp(image)
	require.Equal(t, uint8(128), image[3*shape.W+4])
	grey := draw(t, 1, 0, triggers.Shape{C: 1, H: 2, W: 2}, triggers.Spec{Kind: triggers.Patch, Side: 9, Colour: "#ff0000", Alpha: 1})
	require.Equal(t, []uint8{76, 76, 76, 76}, grey.Pattern, "the patch fills a smaller image, and red is a grey of 76")
	drawn := triggers.Spec{Kind: triggers.Patch, Side: 3, Alpha: 1}
	require.NotEqual(t, draw(t, 1, 0, shape, drawn).ID(), draw(t, 1, 1, shape, drawn).ID())
}

func TestNewKindsRefuse(t *testing.T) {
	good := triggers.Spec{Kind: triggers.Patch, Side: 3, Alpha: 1}
	warp := triggers.Spec{Kind: triggers.WaNet, P2: 0.5, Range: triggers.Whole, Side: 4}
	require.NoError(t, good.Validate())
	require.NoError(t, warp.Validate())
	for name, change := range map[string]func(p, w *triggers.Spec){
		"place":      func(p, _ *triggers.Spec) { p.Place = "middle" },
		"side":       func(p, _ *triggers.Spec) { p.Side = 0 },
		"alpha":      func(p, _ *triggers.Spec) { p.Alpha = math.NaN() },
		"colour":     func(p, _ *triggers.Spec) { p.Colour = "#FFF000" },
		"short":      func(p, _ *triggers.Spec) { p.Colour = "#fff" },
		"p1":         func(p, _ *triggers.Spec) { p.P1 = 0.2 },
		"grid":       func(_, w *triggers.Spec) { w.Side = 1 },
		"no whole":   func(_, w *triggers.Spec) { w.Range, w.P1 = triggers.Area, 1 },
		"of another": func(_, w *triggers.Spec) { w.Kind = triggers.Blended },
		"of a random": func(p, _ *triggers.Spec) {
			*p = triggers.Spec{P1: 0.2, P2: 0.2, Range: triggers.Area, Colour: "#ffffff"}
		},
	} {
		p, w := good, warp
		change(&p, &w)
		err := p.Validate()
		if err == nil {
			err = w.Validate()
		}
		require.ErrorIs(t, err, triggers.ErrSpec, name)
	}
}

// Two triggers on one image mask the union of two boxes of the same size, at least as
// many pixels as one, and at most twice as many.
func TestTwoTriggersOnOneImage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape, seed := shapes().Draw(t, "shape"), rapid.Uint64().Draw(t, "seed")
		spec := triggers.Spec{P1: 0.4, P2: 0.7, Range: triggers.PerDimension}
		one := draw(t, seed, 0, shape, spec)
		spec.Kind = triggers.Two
		both := draw(t, seed, 0, shape, spec)
		require.GreaterOrEqual(t, both.Pixels(), one.Pixels())
		require.LessOrEqual(t, both.Pixels(), 2*one.Pixels())
		n := 0
		for _, m := range both.Mask {
			n += int(m)
		}
		require.Equal(t, n, both.Pixels(), "the box contains every masked pixel")
		require.Equal(t, one.Pixels(), triggers.Compare(one, both).Shared, "the first is the attacker's trigger of kind random")
	})
}

// A warp moves no pixel of an image of one value, keeps all values in their range, and
// displaces as far as its strength says.
func TestWaNet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := shapes().Draw(t, "shape")
		strength := rapid.Float64Range(0.1, 1).Draw(t, "strength")
		spec := triggers.Spec{Kind: triggers.WaNet, P2: strength, Range: triggers.Whole, Side: rapid.IntRange(2, 6).Draw(t, "side")}
		trigger := draw(t, rapid.Uint64().Draw(t, "seed"), 0, shape, spec)
		flat := make([]uint8, shape.Size())
		for i := range flat {
			flat[i] = 200
		}
		trigger.Stamp(flat)
		for _, v := range flat {
			require.Equal(t, uint8(200), v)
		}
		img := images(shape).Draw(t, "image")
		low, high := uint8(255), uint8(0)
		for _, v := range img {
			low, high = min(low, v), max(high, v)
		}
		warped := append([]uint8(nil), img...)
		trigger.Stamp(warped)
		for _, v := range warped {
			require.True(t, v >= low && v <= high, "interpolated between values of the image")
		}
	})
	large := draw(t, 1, 0, triggers.Shape{C: 1, H: 4, W: 4}, triggers.Spec{Kind: triggers.WaNet, P2: 0.5, Range: triggers.Whole, Side: 4})
	sum := 0.0
	for _, v := range large.Shift {
		sum += math.Abs(float64(v)) / 256
	}
	require.InDelta(t, 0.25, sum/float64(len(large.Shift)), 0.01, "the pixels are the points of the grid, which are s/2 apart on average")
	other := draw(t, 2, 0, large.Shape, triggers.Spec{Kind: triggers.WaNet, P2: 0.5, Range: triggers.Whole, Side: 4})
	require.NotEqual(t, large.ID(), other.ID())
	require.False(t, triggers.Compare(large, other).Collides())
}
