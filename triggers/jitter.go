package triggers

import "math/rand/v2"

// Part returns the trigger with only the given number of its pixels, which are the first
// ones of a random order: more pixels from the same state of rng contain those of fewer.
// The number is bounded by 0 and Pixels. The part is of t itself only in its pixels, so
// that either may be changed.
func (t *Trigger) Part(pixels int, rng *rand.Rand) *Trigger {
	var masked []int
	for at, m := range t.Mask {
		if m == 1 {
			masked = append(masked, at)
		}
	}
	rng.Shuffle(len(masked), func(i, j int) { masked[i], masked[j] = masked[j], masked[i] })
	part := &Trigger{
		Shape: t.Shape, Box: t.Box, Mask: make([]uint8, len(t.Mask)), Pattern: make([]uint8, len(t.Pattern)),
		Effect: t.Effect, Opacity: t.Opacity,
	}
	for _, at := range masked[:min(len(masked), max(0, pixels))] {
		part.copyPixel(t, at)
	}
	return part
}

// Join returns the trigger that has the pixels of both. Where they share a pixel, it is
// that of t. Both must be for the same shape and have the same effect and opacity. The
// box is the smallest one around both boxes.
func (t *Trigger) Join(other *Trigger) *Trigger {
	joined := &Trigger{
		Shape: t.Shape, Box: t.Box.around(other.Box), Mask: make([]uint8, len(t.Mask)), Pattern: make([]uint8, len(t.Pattern)),
		Effect: t.Effect, Opacity: t.Opacity,
	}
	for at := range t.Mask {
		switch {
		case t.Mask[at] == 1:
			joined.copyPixel(t, at)
		case other.Mask[at] == 1:
			joined.copyPixel(other, at)
		}
	}
	return joined
}

// copyPixel takes a pixel from another trigger.
func (t *Trigger) copyPixel(from *Trigger, at int) {
	t.Mask[at] = 1
	for v := at; v < len(t.Pattern); v += len(t.Mask) {
		t.Pattern[v] = from.Pattern[v]
	}
}

// around returns the smallest rectangle around two.
func (b Box) around(o Box) Box {
	x, y := min(b.X, o.X), min(b.Y, o.Y)
	return Box{X: x, Y: y, W: max(b.X+b.W, o.X+o.W) - x, H: max(b.Y+b.H, o.Y+o.H) - y}
}
