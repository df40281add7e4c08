package torchbridge

import (
	"slices"

	lib "github.com/sugarme/gotch/libtch"
)

// Operations that shape batches; see scope for how errors and ownership go.

// upload copies values to the device; the scope owns the tensor.
func upload[E element](s *scope, values []E, shape []int64, device cDevice) tensor {
	if s.fault != nil {
		return tensor{}
	}
	t, err := newTensor(values, shape, device)
	if err != nil {
		s.fail(err)
		return tensor{}
	}
	return s.keep(t)
}

// fail keeps err as the scope's error if it is the first.
func (s *scope) fail(err error) {
	if s.fault == nil {
		s.fault = err
	}
}

// release takes t out of the scope: the caller owns it from now on.
func (s *scope) release(t tensor) tensor {
	if i := slices.Index(s.owned, t.c); i >= 0 {
		s.owned = slices.Delete(s.owned, i, i+1)
	}
	return t
}

// binary applies an operation of two tensors.
func (s *scope) binary(name string, operation func(out *lib.Ctensor, x, y lib.Ctensor), x, y tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	operation(s.out, x.c, y.c)
	return s.done(name)
}

// plus returns x + y, minus x - y, times x y, and maximum and minimum those of each
// element. The smaller shape is repeated over the larger.
func (s *scope) plus(x, y tensor) tensor    { return s.binary("plus", lib.AtgAdd, x, y) }
func (s *scope) minus(x, y tensor) tensor   { return s.binary("minus", lib.AtgSub, x, y) }
func (s *scope) times(x, y tensor) tensor   { return s.binary("times", lib.AtgMul, x, y) }
func (s *scope) maximum(x, y tensor) tensor { return s.binary("maximum", lib.AtgMaximum, x, y) }
func (s *scope) minimum(x, y tensor) tensor { return s.binary("minimum", lib.AtgMinimum, x, y) }

// clamp returns x limited to low and high.
func (s *scope) clamp(x, low, high tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgClampTensor(s.out, x.c, low.c, high.c)
	return s.done("clamp")
}

// sign returns -1, 0 or 1 for each element.
func (s *scope) sign(x tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgSign(s.out, x.c)
	return s.done("sign")
}

// where takes x where condition holds, else y.
func (s *scope) where(condition, x, y tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgWhereSelf(s.out, condition.c, x.c, y.c)
	return s.done("where")
}

// cat puts y behind x along dimension 0.
func (s *scope) cat(x, y tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgCat(s.out, []lib.Ctensor{x.c, y.c}, 2, 0)
	return s.done("concatenation")
}

// channelsLast returns x [N,C,H,W] in the memory order N,H,W,C.
func (s *scope) channelsLast(x tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	ordered, err := inChannelsLast(x)
	if err != nil {
		s.fail(err)
		return tensor{}
	}
	return s.keep(ordered)
}

// requireGrad makes x, which must be detached, a leaf whose gradient is wanted.
func (s *scope) requireGrad(x tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgSetRequiresGrad(s.out, x.c, 1)
	return s.done("gradient request")
}

// softmax turns logits [N, K] into probabilities per row.
func (s *scope) softmax(x tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgSoftmax(s.out, x.c, 1, -1)
	return s.done("softmax")
}
