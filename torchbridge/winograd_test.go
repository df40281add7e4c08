package torchbridge

import (
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	lib "github.com/sugarme/gotch/libtch"
	"pgregory.net/rapid"

	"backfire/internal/streams"
)

// filterCase is a 3x3 convolution of stride 1.
type filterCase struct{ batch, in, out, height, width int }

// filterData are the tensors of a case, or of one evaluation of it, each in the
// order of its dimensions.
type filterData struct {
	x, dx []float32 // [batch, in, height, width]
	w, dw []float32 // [out, in, 3, 3]
	y, dy []float32 // [batch, out, height, width]
}

// drawFilter draws the inputs of a case: x around mean, weights and dy around 0.
func drawFilter(c filterCase, mean float32) filterData {
	rng := streams.New(3, "winograd test")
	fill := func(n int, mean float32) []float32 {
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(rng.NormFloat64()) + mean
		}
		return values
	}
	pixels := c.batch * c.height * c.width
	return filterData{x: fill(pixels*c.in, mean), w: fill(9*c.in*c.out, 0), dy: fill(pixels*c.out, 0)}
}

// evaluate computes y, dx and dw of a case as the network does, with the identity
// as normalisation.
func (d *filterData) evaluate(t *testing.T, c filterCase) {
	t.Helper()
	runtime.LockOSThread() // gradient mode is the thread's
	defer runtime.UnlockOSThread()
	s := newScope()
	defer s.reset()
	ordered := func(values []float32, shape ...int64) tensor {
		x, err := inChannelsLast(upload(s, values, shape, cpu))
		require.NoError(t, err)
		return s.keep(x)
	}
	batch, in, out, height, width := int64(c.batch), int64(c.in), int64(c.out), int64(c.height), int64(c.width)
	constant := func(value float32) tensor {
		values := make([]float32, out)
		for i := range values {
			values[i] = value
		}
		return upload(s, values, []int64{out}, cpu)
	}
	x := s.requireGrad(ordered(d.x, batch, in, height, width))
	l := layer{weight: s.requireGrad(ordered(d.w, out, in, 3, 3)), stride: 1, padding: 1}
	l.norm = batchNorm{weight: constant(1), bias: constant(0), mean: constant(0), variance: constant(1 - batchNormEpsilon)}
	y := s.convNorm(x, &l, tensor{}, false, false)
	gradients := make([]lib.Ctensor, 2)
	s.gradients(s.sum(s.times(y, ordered(d.dy, batch, out, height, width)), kindFloat32), []lib.Ctensor{x.c, l.weight.c}, gradients)
	require.NoError(t, s.err())
	for target, from := range map[*[]float32]tensor{&d.y: y, &d.dx: {gradients[0]}, &d.dw: {gradients[1]}} {
		values, err := read[float32](from)
		require.NoError(t, err)
		*target = values
	}
}

// reference64 is y, dx and dw in double precision, by direct sums.
func (d *filterData) reference64(c filterCase) (y, dx, dw []float64) {
	y, dx, dw = make([]float64, len(d.dy)), make([]float64, len(d.x)), make([]float64, len(d.w))
	for n := range c.batch {
		for k := range c.out {
			for i := range c.in {
				result, source := (n*c.out+k)*c.height*c.width, (n*c.in+i)*c.height*c.width
				for tap := range 9 {
					w := (k*c.in+i)*9 + tap
					for h := range c.height {
						row := h + tap/3 - 1
						if row < 0 || row >= c.height {
							continue
						}
						for column := range c.width {
							from := column + tap%3 - 1
							if from < 0 || from >= c.width {
								continue
							}
							at, of := result+h*c.width+column, source+row*c.width+from
							y[at] += float64(d.x[of]) * float64(d.w[w])
							dx[of] += float64(d.dy[at]) * float64(d.w[w])
							dw[w] += float64(d.dy[at]) * float64(d.x[of])
						}
					}
				}
			}
		}
	}
	return y, dx, dw
}

// The matrices of F(4, 3) and F(3, 4): Lavin and Gray 2016, section 4.3, by
// absolute value.
var (
	dataMatrix     = [][]float64{{4, 0, 5, 0, 1, 0}, {0, 4, 4, 1, 1, 0}, {0, 4, 4, 1, 1, 0}, {0, 2, 1, 2, 1, 0}, {0, 2, 1, 2, 1, 0}, {0, 4, 0, 5, 0, 1}}
	filterMatrix   = [][]float64{{1. / 4, 0, 0}, {1. / 6, 1. / 6, 1. / 6}, {1. / 6, 1. / 6, 1. / 6}, {1. / 24, 1. / 12, 1. / 6}, {1. / 24, 1. / 12, 1. / 6}, {0, 0, 1}}
	gradientMatrix = [][]float64{{1. / 4, 0, 0, 0}, {1. / 6, 1. / 6, 1. / 6, 1. / 6}, {1. / 6, 1. / 6, 1. / 6, 1. / 6}, {1. / 24, 1. / 12, 1. / 6, 1. / 3}, {1. / 24, 1. / 12, 1. / 6, 1. / 3}, {0, 0, 0, 1}}
	resultMatrix   = [][]float64{{1, 1, 1, 1, 1, 0}, {0, 1, 1, 2, 2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, 1, 8, 8, 1}}
	weightMatrix   = [][]float64{{1, 1, 1, 1, 1, 0}, {0, 1, 1, 2, 2, 0}, {0, 1, 1, 4, 4, 1}}
)

// both is m p m', in rows one after the other.
func both(m [][]float64, p []float64) []float64 {
	size := len(m[0])
	out := make([]float64, len(m)*len(m))
	for i := range m {
		for j := range m {
			for a := range size {
				for b := range size {
					out[i*len(m)+j] += m[i][a] * p[a*size+b] * m[j][b]
				}
			}
		}
	}
	return out
}

// patch is the absolute values of size x size pixels of an image, from row and
// column on, with zeros outside.
func patch(image []float32, height, width, row, column, size int) []float64 {
	out := make([]float64, size*size)
	for i := range size {
		for j := range size {
			if h, w := row+i, column+j; h >= 0 && h < height && w >= 0 && w < width {
				out[i*size+j] = math.Abs(float64(image[h*width+w]))
			}
		}
	}
	return out
}

// imageBounds bounds the result's errors for images [batch, in, height, width]
// and filters of absolute values, filter(k, i) of nine taps.
//
// The result is a sum of products of numbers with constants. Each goes through at
// most 8 roundings of the filter's transform (two dimensions, each of a constant,
// a product and two sums), 6 of the data's, 8 of the result's, and those of the
// products' sum. So a result is off by at most the same sum of absolute values
// times the number of roundings and the unit roundoff (Higham 2002, "Accuracy and
// Stability of Numerical Algorithms", section 3.1).
func imageBounds(c filterCase, images []float32, in, out int, filter func(k, i int) []float64) []float64 {
	bounds := make([]float64, c.batch*out*c.height*c.width)
	u := make([][]float64, out*in)
	for k := range out {
		for i := range in {
			u[k*in+i] = both(filterMatrix, filter(k, i))
		}
	}
	for n := range c.batch {
		for row := 0; row < c.height; row += 4 {
			for column := 0; column < c.width; column += 4 {
				points := make([][36]float64, out)
				for i := range in {
					v := both(dataMatrix, patch(images[(n*in+i)*c.height*c.width:], c.height, c.width, row-1, column-1, 6))
					for k := range out {
						for a, value := range v {
							points[k][a] += value * u[k*in+i][a]
						}
					}
				}
				for k := range out {
					for a, value := range both(resultMatrix, points[k][:]) {
						if h, w := row+a/4, column+a%4; h < c.height && w < c.width {
							bounds[((n*out+k)*c.height+h)*c.width+w] = roundings(in+24) * value
						}
					}
				}
			}
		}
	}
	return bounds
}

// roundings bounds the relative error after n roundings to float32.
func roundings(n int) float64 {
	u := float64(n) / (1 << 24)
	return u / (1 - u)
}

// bounds bounds the errors of y, dx and dw.
func (d *filterData) bounds(c filterCase) (y, dx, dw []float64) {
	taps := func(k, i int, reversed bool) []float64 {
		out := make([]float64, 9)
		for t := range out {
			from := t
			if reversed {
				from = 8 - t
			}
			out[t] = math.Abs(float64(d.w[(k*c.in+i)*9+from]))
		}
		return out
	}
	y = imageBounds(c, d.x, c.in, c.out, func(k, i int) []float64 { return taps(k, i, false) })
	dx = imageBounds(c, d.dy, c.out, c.in, func(k, i int) []float64 { return taps(i, k, true) })
	sums, tiles := make([][36]float64, c.out*c.in), 0
	for n := range c.batch {
		for row := 0; row < c.height; row += 4 {
			for column := 0; column < c.width; column += 4 {
				tiles++
				v := make([][]float64, c.in)
				for i := range v {
					v[i] = both(dataMatrix, patch(d.x[(n*c.in+i)*c.height*c.width:], c.height, c.width, row-1, column-1, 6))
				}
				for k := range c.out {
					for a, value := range both(gradientMatrix, patch(d.dy[(n*c.out+k)*c.height*c.width:], c.height, c.width, row, column, 4)) {
						for i := range c.in {
							sums[k*c.in+i][a] += value * v[i][a]
						}
					}
				}
			}
		}
	}
	for i := range sums {
		for _, value := range both(weightMatrix, sums[i][:]) {
			dw = append(dw, roundings(tiles+16+24)*value)
		}
	}
	return y, dx, dw
}

// errorOf compares with the reference: the largest error per bound, and the root
// mean square of the errors over that of the values.
func errorOf(want []float64, got []float32, bounds []float64) (most, relative float64) {
	var errors, values float64
	for i := range want {
		d := float64(got[i]) - want[i]
		// The normalisation, too, may round.
		most = max(most, math.Abs(d)/(bounds[i]+math.Abs(want[i])/(1<<22)+math.SmallestNonzeroFloat32))
		errors += d * d
		values += want[i] * want[i]
	}
	return most, math.Sqrt(errors / max(values, math.SmallestNonzeroFloat64))
}

// winogradError is the relative root mean square error of a layer's result and
// gradients for normal numbers: up to 6e-6 with 512 channels, where direct sums
// have 1e-6. It is far below the bound, since errors of either sign meet.
const winogradError = 1e-5

// TestWinograd holds results and gradients to direct sums in double precision:
// images that no tile fits, channels that fill half of a vector, more and fewer
// tiles than are multiplied together.
func TestWinograd(t *testing.T) {
	worst := 0.0
	rapid.Check(t, func(rt *rapid.T) {
		channels := rapid.SampledFrom([]int{8, 16, 24, 32, 40, 48})
		c := filterCase{
			batch: rapid.IntRange(1, 4).Draw(rt, "batch"),
			in:    channels.Draw(rt, "in"), out: channels.Draw(rt, "out"),
			height: rapid.IntRange(1, 17).Draw(rt, "height"),
			width:  rapid.IntRange(1, 17).Draw(rt, "width"),
		}
		rt.Logf("%+v", c)
		d := drawFilter(c, rapid.SampledFrom([]float32{0, 3}).Draw(rt, "mean"))
		d.evaluate(t, c)
		y, dx, dw := d.reference64(c)
		yBound, dxBound, dwBound := d.bounds(c)
		for _, part := range []struct {
			name         string
			want, bounds []float64
			got          []float32
		}{{"result", y, yBound, d.y}, {"input gradient", dx, dxBound, d.dx}, {"weight gradient", dw, dwBound, d.dw}} {
			most, relative := errorOf(part.want, part.got, part.bounds)
			require.LessOrEqual(rt, most, 1.0, "%s: an error is %g times its bound", part.name, most)
			require.LessOrEqual(rt, relative, winogradError, "%s: relative error", part.name)
			worst = max(worst, most)
		}
	})
	t.Logf("largest error: %.3f of its bound", worst)
}

// TestWinogradErrors measures the layers of ResNet-18 at widths 8 and 64.
func TestWinogradErrors(t *testing.T) {
	for _, c := range []filterCase{
		{2, 8, 8, 32, 32},
		{2, 8, 8, 28, 28},
		{2, 16, 16, 14, 14},
		{2, 32, 32, 7, 7},
		{1, 64, 64, 16, 16},
		{1, 128, 128, 8, 8},
		{2, 256, 256, 4, 4},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			d := drawFilter(c, 0)
			d.evaluate(t, c)
			y, dx, dw := d.reference64(c)
			for name, part := range map[string]struct {
				want []float64
				got  []float32
			}{"result": {y, d.y}, "input gradient": {dx, d.dx}, "weight gradient": {dw, d.dw}} {
				_, relative := errorOf(part.want, part.got, make([]float64, len(part.want)))
				require.LessOrEqual(t, relative, winogradError, name)
				t.Logf("%s: relative error %.1e", name, relative)
			}
		})
	}
}

// winogradCases cut the work up in every way: by groups of tiles, by parts of the
// sums over them, by channels, with weights transformed once or for each group.
var winogradCases = []filterCase{
	{40, 8, 8, 20, 20},
	{1, 16, 16, 28, 28},
	{33, 64, 64, 8, 7},
	{3, 128, 128, 9, 8},
	{3, 512, 512, 4, 4},
	{140, 384, 384, 4, 4},
}

// needWinograd skips a test on processors without Winograd's kernels.
func needWinograd(t *testing.T) {
	t.Helper()
	environment, err := Environment()
	require.NoError(t, err)
	if environment.CPUCapability != "AVX2" && environment.CPUCapability != "AVX512" {
		t.Skipf("the convolutions are libtorch's with %s", environment.CPUCapability)
	}
}

// TestWinogradThreads: no bit depends on the number of threads, nor on the call.
func TestWinogradThreads(t *testing.T) {
	needWinograd(t)
	for _, c := range winogradCases {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			run := func(threads int) filterData {
				require.NoError(t, setThreads(threads))
				defer func() { require.NoError(t, setThreads(1)) }()
				d := drawFilter(c, 1)
				d.evaluate(t, c)
				return d
			}
			once := run(1)
			for _, threads := range []int{1, 2, 5} {
				require.True(t, reflect.DeepEqual(once, run(threads)), "%d threads", threads)
			}
		})
	}
}

// TestWinogradBatches: an image's result does not depend on the others of its
// batch.
func TestWinogradBatches(t *testing.T) {
	needWinograd(t)
	for _, c := range []filterCase{{7, 8, 8, 14, 9}, {5, 48, 48, 4, 4}} {
		all := drawFilter(c, 0)
		all.evaluate(t, c)
		size, results := len(all.x)/c.batch, len(all.y)/c.batch
		for n := range c.batch {
			one := filterData{x: all.x[n*size : (n+1)*size], w: all.w, dy: all.dy[n*results : (n+1)*results]}
			alone := c
			alone.batch = 1
			one.evaluate(t, alone)
			require.True(t, slices.Equal(all.y[n*results:(n+1)*results], one.y), "image %d", n)
			require.True(t, slices.Equal(all.dx[n*size:(n+1)*size], one.dx), "input gradient of image %d", n)
		}
	}
}
