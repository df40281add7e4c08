package triggers_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/triggers"
)

// families generates specs of all kinds that are drawn from an attacker's own
// stream, except the paper's.
func families() *rapid.Generator[triggers.Spec] {
	return rapid.Custom(func(t *rapid.T) triggers.Spec {
		spec := specs().Draw(t, "spec")
		spec.Kind = rapid.SampledFrom(slices.DeleteFunc(triggers.Kinds(), func(k triggers.Kind) bool {
			return k.DrawnOnce() || !k.HasSizes() || k == triggers.Two || k == triggers.WaNet // with tests of their own
		})).Draw(t, "kind")
		if spec.Kind.CoversBox() {
			spec.P2 = 1
		}
		return spec
	})
}

// colourAt returns the colour of a trigger's pixel, with 0 in missing channels.
func colourAt(trigger *triggers.Trigger, at int) [3]uint8 {
	var c [3]uint8
	for channel := range trigger.Shape.C {
		c[channel] = trigger.Pattern[channel*trigger.Shape.Plane()+at]
	}
	return c
}

// Every family stays within its box, which is the one that kind Random draws,
// masks the documented share of it, is a function of its stream, and has the
// pattern that its source describes.
func TestFamilies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape, spec := shapes().Draw(t, "shape"), families().Draw(t, "spec")
		seed := rapid.Uint64().Draw(t, "seed")
		trigger := draw(t, seed, 3, shape, spec)
		require.Equal(t, trigger, draw(t, seed, 3, shape, spec))
		plain := spec
		plain.Kind = triggers.Random
		box := trigger.Box
		require.Equal(t, draw(t, seed, 3, shape, plain).Box, box)

		colours := map[[3]uint8]bool{}
		masked := 0
		for at, l := range trigger.Mask {
			x, y := at%shape.W-box.X, at/shape.W-box.Y
			inside := x >= 0 && x < box.W && y >= 0 && y < box.H
			require.True(t, l == 0 || inside)
			if l == 0 {
				require.Equal(t, [3]uint8{}, colourAt(trigger, at))
				continue
			}
			masked++
			colours[colourAt(trigger, at)] = true
			first := box.Y*shape.W + box.X
			switch spec.Kind {
			case triggers.Checkerboard:
				if y+x < 2 || box.W == 1 || box.H == 1 {
					break
				}
				require.Equal(t, colourAt(trigger, first+(x+y)%2), colourAt(trigger, at), "every other pixel")
			case triggers.Sinusoidal:
				require.Equal(t, colourAt(trigger, first+x), colourAt(trigger, at), "columns are alike")
				for channel := range shape.C {
					v := float64(colourAt(trigger, at)[channel])
					require.InDelta(t, triggers.Neutral, v, math.Round(triggers.Neutral*spec.P2))
				}
			}
		}
		want := box.Pixels()
		if spec.Kind == triggers.Dots {
			want = max(1, int(math.Round(spec.P2*float64(want))))
		}
		require.Equal(t, want, masked)
		switch spec.Kind {
		case triggers.Square, triggers.Dots:
			require.Len(t, colours, 1)
		case triggers.Checkerboard:
			require.LessOrEqual(t, len(colours), 2)
		}
	})
}

// A blend is a weighted mean of image and pattern, up to the rounding of opacity
// and value. Added patterns are clamped to the range of values.
func TestFamiliesOnImages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape, spec := shapes().Draw(t, "shape"), families().Draw(t, "spec")
		trigger := draw(t, rapid.Uint64().Draw(t, "seed"), 0, shape, spec)
		clean := images(shape).Draw(t, "image")
		stamped := append([]uint8(nil), clean...)
		trigger.Stamp(stamped)
		for v := range clean {
			x, m := float64(clean[v]), float64(trigger.Pattern[v])
			switch {
			case trigger.Mask[v%shape.Plane()] == 0:
				require.Equal(t, clean[v], stamped[v])
			case spec.Kind == triggers.Blended:
				// The tolerance is half a unit for the rounding of the opacity
				// (times a difference of at most 255 in 255) and half a unit for
				// the rounding of the value. The opacity is at least 1/255.
				a := max(spec.P2, 1.0/255)
				require.InDelta(t, (1-a)*x+a*m, float64(stamped[v]), 1+1e-9)
			case spec.Kind == triggers.Sinusoidal, spec.Kind == triggers.LowVariance:
				require.Equal(t, uint8(math.Min(math.Max(x+m-triggers.Neutral, 0), 255)), stamped[v])
			default:
				require.Equal(t, trigger.Pattern[v], stamped[v])
			}
		}
	})
}

// A low-variance trigger has the documented amplitude, and no component at a
// frequency below the highest quarter of either side.
func TestLowVarianceIsFineGrain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape, spec := shapes().Draw(t, "shape"), families().Draw(t, "spec")
		spec.Kind = triggers.LowVariance
		trigger := draw(t, rapid.Uint64().Draw(t, "seed"), 0, shape, spec)
		box := trigger.Box
		highest := 0.0
		for channel := range shape.C {
			along := func(u, v int) float64 {
				sum := 0.0
				for y := range box.H {
					for x := range box.W {
						value := float64(colourAt(trigger, (box.Y+y)*shape.W+box.X+x)[channel]) - triggers.Neutral
						highest = max(highest, math.Abs(value))
						sum += value * math.Cos(math.Pi*float64((2*y+1)*u)/float64(2*box.H)) * math.Cos(math.Pi*float64((2*x+1)*v)/float64(2*box.W))
					}
				}
				return sum
			}
			for u := range box.H {
				for v := range box.W {
					if 4*u < 3*box.H && u < box.H-1 || 4*v < 3*box.W && v < box.W-1 {
						// Rounding changes a pixel by at most half a unit,
						// clamping to 255 by one.
						require.LessOrEqual(t, math.Abs(along(u, v)), 1.5*float64(box.Pixels()), "%d, %d of %v", u, v, box)
					}
				}
			}
			if box.Pixels() == 1 {
				along(0, 0)
			}
		}
		require.InDelta(t, triggers.Neutral*spec.P2, highest, 1+1e-9, "rounded and clamped to 255")
	})
}

// Triggers with one pattern and different effects are different triggers.
func TestEffectsDoNotCollide(t *testing.T) {
	replace, mix, stronger, add := black(), black(), black(), black()
	mix.Effect, mix.Opacity = triggers.Mix, 20
	stronger.Effect, stronger.Opacity = triggers.Mix, 21
	add.Effect = triggers.Add
	all := []*triggers.Trigger{replace, mix, stronger, add}
	for i, a := range all {
		for j, b := range all {
			require.Equal(t, i == j, a.ID() == b.ID())
			require.Equal(t, i == j, triggers.Compare(a, b).Collides())
		}
	}
}
