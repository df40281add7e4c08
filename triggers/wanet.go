package triggers

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// WaNet warps the whole image by a smooth random field (Nguyen and Tran, "WaNet -
// Imperceptible Warping-based Backdoor Attack", 2021). The field is drawn on a grid of
// Side x Side points, uniform in [-1, 1] in both directions, divided by its mean absolute
// value, and interpolated by cubic curves; P2 is the strength s, with which the mean
// displacement at the points is s/2 pixels. The paper's are Side 4 and s = 0.5.
const WaNet Kind = "wanet"

// maxWarpGrid is the largest accepted number of points along a side of the grid.
const maxWarpGrid = 64

var wanet = family{
	kind: WaNet,
	validate: func(s Spec) error {
		if s.Range != Whole {
			return fmt.Errorf("triggers: %w: range is %q: a warp is of the whole image, so it must be %s", ErrSpec, s.Range, Whole)
		}
		if s.Side < 2 || s.Side > maxWarpGrid {
			return fmt.Errorf("triggers: %w: side is %d: the grid of a warp has 2 to %d points along a side", ErrSpec, s.Side, maxWarpGrid)
		}
		return nil
	},
	paint: func(t *Trigger, s Spec, rng *rand.Rand) {
		t.Effect = Warp
		t.Shift = warpField(t.Shape, s.Side, s.P2, rng)
		t.maskPixels(everyPixel(t.Box.Pixels()), func(x, y int) []uint8 {
			// The pattern shows the displacement for people: half a pixel to the right
			// is a difference of 64 from Neutral.
			shown := make([]uint8, t.Shape.C)
			for c := range shown {
				v := int(t.Shift[2*(y*t.Box.W+x)+c%2]) / 2
				shown[c] = uint8(min(max(Neutral+v, 0), math.MaxUint8))
			}
			return shown
		})
	},
}

// warpField returns the displacement of each pixel, to the right and down, in units of
// 1/256 pixel.
func warpField(shape Shape, k int, strength float64, rng *rand.Rand) []int16 {
	points, sum := make([]float64, 2*k*k), 0.0
	for i := range points {
		points[i] = 2*rng.Float64() - 1
		sum += math.Abs(points[i])
	}
	scale := strength / 2 / (sum / float64(len(points)))
	field := make([]int16, 2*shape.Plane())
	for y := range shape.H {
		for x := range shape.W {
			for axis := range 2 {
				v := cubicAt(points[axis*k*k:(axis+1)*k*k], k, gridPlace(x, shape.W, k), gridPlace(y, shape.H, k))
				// The conversion keeps the compiler from fusing the product into the
				// sum, so that all machines agree.
				v = math.Round(float64(v*scale) * 256)
				field[2*(y*shape.W+x)+axis] = int16(min(max(v, math.MinInt16), math.MaxInt16))
			}
		}
	}
	return field
}

// gridPlace returns the place of pixel i of n on a grid of k points, the first and the
// last of which lie on the first and the last pixel.
func gridPlace(i, n, k int) float64 {
	if n == 1 {
		return 0
	}
	return float64(i*(k-1)) / float64(n-1)
}

// cubicAt interpolates the k x k values of a grid by cubic curves with a = -0.75, as
// PyTorch's bicubic mode with aligned corners does.
func cubicAt(values []float64, k int, x, y float64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	wx, wy := cubicWeights(x-fx), cubicWeights(y-fy)
	sum := 0.0
	for j := range 4 {
		row := min(max(int(fy)-1+j, 0), k-1)
		line := 0.0
		for i := range 4 {
			column := min(max(int(fx)-1+i, 0), k-1)
			line += float64(wx[i] * values[row*k+column])
		}
		sum += float64(wy[j] * line)
	}
	return sum
}

// cubicWeights returns the weights of the four points around a place t in [0, 1) behind
// the second one.
func cubicWeights(t float64) [4]float64 {
	const a = -0.75
	near := func(d float64) float64 { return float64(float64((a+2)*d-(a+3))*d)*d + 1 }
	far := func(d float64) float64 { return float64(float64(float64(a*d-5*a)*d+8*a)*d) - 4*a }
	return [4]float64{far(t + 1), near(t), near(1 - t), far(2 - t)}
}

// warp moves the pixels of an image along the trigger's field: each takes the value at
// its displaced place, interpolated between four pixels; places outside the image take
// those of its edge.
func (t *Trigger) warp(img []uint8) {
	w, h, plane := t.Shape.W, t.Shape.H, t.Shape.Plane()
	source := append([]uint8(nil), img...)
	for at := range plane {
		x := min(max(at%w*256+int(t.Shift[2*at]), 0), (w-1)*256)
		y := min(max(at/w*256+int(t.Shift[2*at+1]), 0), (h-1)*256)
		left, top, fx, fy := x/256, y/256, x%256, y%256
		right, bottom := min(left+1, w-1), min(top+1, h-1)
		for c := 0; c < len(img); c += plane {
			value := func(row, column int) int { return int(source[c+row*w+column]) }
			upper := value(top, left)*(256-fx) + value(top, right)*fx
			lower := value(bottom, left)*(256-fx) + value(bottom, right)*fx
			img[c+at] = uint8((upper*(256-fy) + lower*fy + 1<<15) >> 16)
		}
	}
}
