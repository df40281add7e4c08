package torchbridge

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	lib "github.com/sugarme/gotch/libtch"

	"backfire/internal/streams"
)

// normCase is a layer and its input. The shapes leave rows and channels over
// that fill no vector, and strides of both kinds.
type normCase struct {
	batch, in, out, size int
	kernel, stride       int
	residual, relu       bool
	training             bool
	direct               bool // without Winograd's algorithms
}

// normResult is what a layer made of it: output, running statistics, and the
// gradients of sum(output * weights) with respect to input, convolution, scale,
// shift and residual.
type normResult struct {
	output, mean, variance []float32
	gradients              [][]float32
}

// runNorm evaluates the case by forward, which is given the layer.
func runNorm(t *testing.T, c normCase, forward func(s *scope, x tensor, l *layer, residual tensor) tensor) normResult {
	t.Helper()
	runtime.LockOSThread() // gradient mode is the thread's
	defer runtime.UnlockOSThread()
	s := newScope()
	defer s.reset()
	index := uint64(0)
	fill := func(shift float32, shape ...int64) tensor {
		n := int64(1)
		for _, d := range shape {
			n *= d
		}
		rng := streams.New(1, "norm test", index)
		index++
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(rng.NormFloat64()) + shift
		}
		x := upload(s, values, shape, cpu)
		if len(shape) == 4 {
			ordered, err := inChannelsLast(x)
			require.NoError(t, err)
			x = s.keep(ordered)
		}
		return x
	}
	in, out, size, k := int64(c.in), int64(c.out), int64(c.size), int64(c.kernel)
	after := (size-1)/int64(c.stride) + 1
	l := layer{stride: c.stride, padding: c.kernel / 2, direct: c.direct}
	x := s.requireGrad(fill(3, int64(c.batch), in, size, size))
	l.weight = s.requireGrad(fill(0, out, in, k, k))
	l.norm.weight, l.norm.bias = s.requireGrad(fill(1, out)), s.requireGrad(fill(0, out))
	l.norm.mean, l.norm.variance = fill(2, out), s.times(fill(3, out), fill(3, out))
	weights := fill(0, int64(c.batch), out, after, after)
	inputs := []lib.Ctensor{x.c, l.weight.c, l.norm.weight.c, l.norm.bias.c}
	var residual tensor
	if c.residual {
		residual = s.requireGrad(fill(0, int64(c.batch), out, after, after))
		inputs = append(inputs, residual.c)
	}
	values := func(x tensor) []float32 {
		list, err := read[float32](x)
		require.NoError(t, err)
		return list
	}
	y := forward(s, x, &l, residual)
	gradients := make([]lib.Ctensor, len(inputs))
	s.gradients(s.sum(s.times(y, weights), kindFloat32), inputs, gradients)
	require.NoError(t, s.err())
	result := normResult{output: values(y), mean: values(l.norm.mean), variance: values(l.norm.variance)}
	for _, g := range gradients {
		result.gradients = append(result.gradients, values(tensor{g}))
	}
	var inferred []float32
	withGradients(false, func() { inferred = values(forward(s, x, &l, residual)) })
	require.NoError(t, s.err())
	requireClose(t, result.output, inferred, normTolerance, "output without gradients")
	return result
}

// normTolerance is relative to the largest value: the sums over a batch's pixels
// are made in another order than libtorch's, and the gradients of input and
// convolution are differences of such sums.
const normTolerance = 3e-5

// unfused is the layer in libtorch's own operations. A strided 1x1 convolution is
// one of every second pixel: with few channels oneDNN's gradient of the strided
// one writes behind its workspace (see shim_conv.cpp).
func unfused(c normCase) func(s *scope, x tensor, l *layer, residual tensor) tensor {
	return func(s *scope, x tensor, l *layer, residual tensor) tensor {
		stride := int64(l.stride)
		if c.kernel == 1 && stride > 1 {
			for _, dimension := range []int64{2, 3} {
				lib.AtgSlice(s.out, x.c, dimension, 0, 0, int64(c.size), 0, stride)
				x = s.done("slice")
			}
			stride = 1
		}
		strides, padding := slices.Repeat([]int64{stride}, 2), slices.Repeat([]int64{int64(l.padding)}, 2)
		lib.AtgConv2d(s.out, x.c, l.weight.c, nil, strides, 2, padding, 2, []int64{1, 1}, 2, 1)
		z := s.done("convolution")
		lib.AtgBatchNorm(s.out, z.c, l.norm.weight.c, l.norm.bias.c, l.norm.mean.c, l.norm.variance.c,
			boolean(c.training), batchNormMomentum, batchNormEpsilon, 1)
		y := s.done("batch normalisation")
		if residual.valid() {
			y = s.plus(y, residual)
		}
		if c.relu {
			lib.AtgRelu(s.out, y.c)
			y = s.done("relu")
		}
		return y
	}
}

// TestConvNorm compares the fused layer with libtorch's own operations.
func TestConvNorm(t *testing.T) {
	for _, c := range []normCase{
		{batch: 8, in: 3, out: 8, size: 9, kernel: 3, stride: 1, relu: true, training: true},
		{batch: 5, in: 8, out: 8, size: 8, kernel: 3, stride: 1, residual: true, relu: true, training: true},
		{batch: 7, in: 8, out: 16, size: 9, kernel: 3, stride: 2, relu: true, training: true},
		{batch: 7, in: 8, out: 16, size: 9, kernel: 1, stride: 2, training: true},
		{batch: 2, in: 5, out: 10, size: 3, kernel: 3, stride: 1, residual: true, relu: true, training: true},
		{batch: 32, in: 4, out: 1, size: 16, kernel: 3, stride: 1, residual: true, training: true},
		{batch: 16, in: 16, out: 96, size: 12, kernel: 1, stride: 2, relu: true, training: true},
		{batch: 40, in: 3, out: 64, size: 20, kernel: 3, stride: 1, training: true},
		{batch: 6, in: 8, out: 24, size: 7, kernel: 3, stride: 1, residual: true, relu: true},
		{batch: 6, in: 8, out: 8, size: 10, kernel: 1, stride: 2},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			requireSameLayer(t, runNorm(t, c, unfused(c)), runNorm(t, c, fused(c)))
		})
	}
}

// requireSameLayer compares all that a layer made.
func requireSameLayer(t require.TestingT, want, got normResult) {
	requireClose(t, want.output, got.output, normTolerance, "output")
	requireClose(t, want.mean, got.mean, normTolerance, "running mean")
	requireClose(t, want.variance, got.variance, normTolerance, "running variance")
	require.Len(t, got.gradients, len(want.gradients))
	for i := range want.gradients {
		requireClose(t, want.gradients[i], got.gradients[i], normTolerance, fmt.Sprintf("gradient %d", i))
	}
}

// TestConvNormThreads: sums are made in parts that do not depend on threads.
func TestConvNormThreads(t *testing.T) {
	run := func(threads int) []float32 {
		require.NoError(t, setThreads(threads))
		defer func() { require.NoError(t, setThreads(1)) }()
		s := newScope()
		defer s.reset()
		values := make([]float32, 64*8*20*20)
		rng := streams.New(2, "norm test")
		for i := range values {
			values[i] = float32(rng.NormFloat64())
		}
		x, err := inChannelsLast(upload(s, values, []int64{64, 8, 20, 20}, cpu))
		require.NoError(t, err)
		s.keep(x)
		l := layer{stride: 1}
		identity := make([]float32, 64)
		for i := range 8 {
			identity[9*i] = 1 // a 1x1 convolution that adds nothing up
		}
		per := []int64{8}
		l.weight = upload(s, identity, []int64{8, 8, 1, 1}, cpu)
		ones, zeros := slices.Repeat([]float32{1}, 8), make([]float32, 8)
		l.norm.weight, l.norm.bias = upload(s, ones, per, cpu), upload(s, zeros, per, cpu)
		l.norm.mean, l.norm.variance = upload(s, zeros, per, cpu), upload(s, ones, per, cpu)
		s.convNorm(x, &l, tensor{}, true, true)
		require.NoError(t, s.err())
		mean, err := read[float32](l.norm.mean)
		require.NoError(t, err)
		variance, err := read[float32](l.norm.variance)
		require.NoError(t, err)
		return append(mean, variance...)
	}
	require.Equal(t, run(1), run(3))
}
