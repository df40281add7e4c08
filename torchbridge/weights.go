package torchbridge

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"

	"backfire/internal/streams"
)

// #include "shim.h"
import "C"

// builder adds tensors to a network under torchvision's names and keeps the
// first error. The initial values are torchvision's for a ResNet, drawn from the
// run's own stream "weights" (one index per tensor, in the order of building), so
// that they are the same on every device.
type builder struct {
	net   *resnet
	seed  uint64
	index uint64
	err   error
}

// stream is the generator of the next trained tensor.
func (b *builder) stream() *rand.Rand {
	rng := streams.New(b.seed, "weights", b.index)
	b.index++
	return rng
}

// layer adds a k x k convolution that keeps the size of the image but for its
// stride, and its normalisation.
func (b *builder) layer(conv, norm string, out, in, k, stride int) layer {
	return layer{weight: b.conv(conv, out, in, k), norm: b.batchNorm(norm, out), stride: stride, padding: k / 2, direct: b.net.direct, cudnn: b.net.cudnn, fused: b.net.fused}
}

// conv adds a convolution's weight [out, in, k, k] ~ N(0, 2/(k k out)): Kaiming's
// rule for ReLU with fan-out (He et al. 2015, section 2.2).
func (b *builder) conv(name string, out, in, k int) tensor {
	rng := b.stream()
	deviation := math.Sqrt(2 / float64(k*k*out))
	values := make([]float32, out*in*k*k)
	for i := range values {
		values[i] = float32(rng.NormFloat64() * deviation)
	}
	return b.add(name+".weight", values, int64(out), int64(in), int64(k), int64(k))
}

// linear adds a layer's weight [out, in] and bias [out], both uniform within
// +-1/sqrt(in), PyTorch's default for a linear layer.
func (b *builder) linear(name string, out, in int) (weight, bias tensor) {
	bound := 1 / math.Sqrt(float64(in))
	uniform := func(n int) []float32 {
		rng := b.stream()
		values := make([]float32, n)
		for i := range values {
			values[i] = float32((2*rng.Float64() - 1) * bound)
		}
		return values
	}
	weight = b.add(name+".weight", uniform(out*in), int64(out), int64(in))
	bias = b.add(name+".bias", uniform(out), int64(out))
	return weight, bias
}

// batchNorm adds a normalisation of n channels that starts as the identity:
// weight 1, bias 0, running mean 0, running variance 1.
func (b *builder) batchNorm(name string, n int) batchNorm {
	size := int64(n)
	ones, zeros := slices.Repeat([]float32{1}, n), make([]float32, n)
	return batchNorm{
		weight:   b.add(name+".weight", ones, size),
		bias:     b.add(name+".bias", zeros, size),
		mean:     b.buffer(name+".running_mean", zeros, size),
		variance: b.buffer(name+".running_var", ones, size),
	}
}

// add makes a trained tensor.
func (b *builder) add(name string, values []float32, shape ...int64) tensor {
	t := b.tensor(name, values, shape)
	if b.err != nil {
		return tensor{}
	}
	var view lib.Ctensor
	if lib.AtgSetRequiresGrad(&view, t.c, 1); view == nil {
		b.err = fmt.Errorf("torchbridge: build model: %s: %w", name, lastError())
		t.free()
		return tensor{}
	}
	lib.AtFree(view)
	b.net.params = append(b.net.params, parameter{name, t})
	return t
}

// buffer makes a tensor that is not trained.
func (b *builder) buffer(name string, values []float32, shape ...int64) tensor {
	t := b.tensor(name, values, shape)
	if b.err == nil {
		b.net.buffers = append(b.net.buffers, parameter{name, t})
	}
	return t
}

// tensor makes a tensor in the network's memory format, on its device.
func (b *builder) tensor(name string, values []float32, shape []int64) tensor {
	if b.err != nil {
		return tensor{}
	}
	t, err := newTensor(values, shape, b.net.device)
	if err == nil && len(shape) == 4 {
		contiguous := t
		t, err = inChannelsLast(contiguous)
		contiguous.free()
	}
	if err != nil {
		b.err = fmt.Errorf("torchbridge: build model: %s: %w", name, err)
		return tensor{}
	}
	return t
}

// inChannelsLast copies t [N,C,H,W] into the memory order N,H,W,C.
func inChannelsLast(t tensor) (tensor, error) {
	var out unsafe.Pointer
	if err := shimError(C.bf_channels_last(unsafe.Pointer(t.c), &out)); err != nil {
		return tensor{}, fmt.Errorf("torchbridge: channels last: %w", err)
	}
	return tensor{lib.Ctensor(out)}, nil
}
