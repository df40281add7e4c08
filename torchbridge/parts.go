package torchbridge

import (
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"

	"backfire/internal/network"
)

// #include "shim.h"
import "C"

// part is a part of a network other than the ResNet-18 with the stem for small images,
// with its tensors. libtorch's gradient graph computes it on every device.
type part struct {
	network.Part
	first, second, shortcut layer
}

// addParts builds the parts of a description, with their initial values in its order.
func (b *builder) addParts(d *network.Network) {
	for _, p := range d.Parts {
		made := part{Part: p}
		before := p.Kind == network.PreActive || p.Kind == network.Final
		for _, each := range []struct {
			conv network.Conv
			to   *layer
		}{{p.First, &made.first}, {p.Second, &made.second}, {p.Shortcut, &made.shortcut}} {
			c := each.conv
			*each.to = layer{stride: c.Stride, padding: c.Kernel / 2, direct: b.net.direct, fused: b.net.fused}
			if before && c.Norm != "" {
				each.to.norm = b.batchNorm(c.Norm, c.In)
			}
			if c.Name != "" {
				each.to.weight = b.conv(c.Name, c.Out, c.In, c.Kernel)
			}
			if !before && c.Norm != "" {
				each.to.norm = b.batchNorm(c.Norm, c.Out)
			}
		}
		b.net.parts = append(b.net.parts, made)
	}
}

// forward computes the part of x.
func (p *part) forward(s *scope, x tensor, training bool) tensor {
	switch p.Kind {
	case network.Pool:
		return s.maxPool(x, p.Window, p.Stride)
	case network.Basic:
		b := block{first: p.first, second: p.second, shortcut: p.shortcut}
		return b.forward(s, x, training)
	case network.Added:
		y := s.convNorm(x, &p.first, tensor{}, true, training)
		z := s.convNorm(y, &p.second, tensor{}, true, training)
		sum := s.plus(z, x)
		s.drop(y, z)
		return sum
	case network.PreActive:
		return p.preActive(s, x, training)
	case network.Final:
		return s.normRelu(x, &p.first.norm, training)
	}
	return s.convNorm(x, &p.first, tensor{}, true, training)
}

// preActive computes a block that normalises before it convolves.
func (p *part) preActive(s *scope, x tensor, training bool) tensor {
	active := s.normRelu(x, &p.first.norm, training)
	residual := x
	if p.shortcut.weight.valid() {
		residual = s.convolved(active, &p.shortcut)
	}
	y := s.convolved(active, &p.first)
	inner := s.normRelu(y, &p.second.norm, training)
	z := s.convolved(inner, &p.second)
	sum := s.plus(z, residual)
	s.drop(active, y, inner, z)
	if p.shortcut.weight.valid() {
		s.drop(residual)
	}
	return sum
}

// convolved returns the convolution of x without a normalisation.
func (s *scope) convolved(x tensor, l *layer) tensor {
	if s.fault != nil {
		return tensor{}
	}
	message := C.bf_convolve(unsafe.Pointer(x.c), unsafe.Pointer(l.kernel().c), C.int(l.stride), C.int(l.padding), C.int(boolean(l.direct)),
		(*unsafe.Pointer)(unsafe.Pointer(s.out)))
	return s.shimmed("convolution", message)
}

// normRelu normalises x per channel and cuts off below 0.
func (s *scope) normRelu(x tensor, n *batchNorm, training bool) tensor {
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgBatchNorm(s.out, x.c, n.weight.c, n.bias.c, n.mean.c, n.variance.c, boolean(training), batchNormMomentum, batchNormEpsilon, 1)
	y := s.done("normalisation")
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgRelu(s.out, y.c)
	active := s.done("ReLU")
	s.drop(y)
	return active
}

// maxPool returns the largest value of each window, which lies half outside at the edges
// if it is odd.
func (s *scope) maxPool(x tensor, window, stride int) tensor {
	if s.fault != nil {
		return tensor{}
	}
	side, step, padding, one := int64(window), int64(stride), int64(window%2), int64(1)
	lib.AtgMaxPool2d(s.out, x.c, []int64{side, side}, 2, []int64{step, step}, 2, []int64{padding, padding}, 2, []int64{one, one}, 2, 0)
	return s.done("max-pooling")
}
