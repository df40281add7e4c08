package torchbridge

import (
	"fmt"
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"
)

// #include "shim.h"
import "C"

// A scope owns the temporary tensors of one computation and frees them together.
//
// Its methods are libtorch operations. They keep the first error and do nothing
// after it, so a computation needs no check per line: err returns the error at the
// end.
type scope struct {
	owned []lib.Ctensor
	asked int          // number of operations so far
	out   *lib.Ctensor // where libtorch writes a result; allocated once, alone, as cgo's pointer rules want
	fault error
}

func newScope() *scope { return &scope{out: new(lib.Ctensor)} }

// err returns the first error of the scope's operations.
func (s *scope) err() error { return s.fault }

// reset frees the scope's tensors and forgets its error. The scope can be reused.
func (s *scope) reset() {
	for _, c := range s.owned {
		lib.AtFree(c)
	}
	s.owned = s.owned[:0]
	s.fault = nil
}

// done takes the result of an operation from s.out.
func (s *scope) done(operation string) tensor {
	c := *s.out
	*s.out = nil
	s.asked++
	if c == nil {
		s.fault = fmt.Errorf("torchbridge: %s: %w", operation, lastError())
		return tensor{}
	}
	s.owned = append(s.owned, c)
	return tensor{c}
}

// keep makes the scope the owner of t.
func (s *scope) keep(t tensor) tensor {
	s.owned = append(s.owned, t.c)
	return t
}

// drop frees tensors of the scope early: what only a later operation needed, such
// as an activation of a prediction. In training libtorch itself keeps what the
// backward pass needs. What the scope does not own stays.
func (s *scope) drop(list ...tensor) {
	for _, t := range list {
		for i := len(s.owned) - 1; t.valid() && i >= 0; i-- {
			if s.owned[i] == t.c {
				lib.AtFree(t.c)
				s.owned = append(s.owned[:i], s.owned[i+1:]...)
				break
			}
		}
	}
}

// convNorm convolves x [N,Cin,H,W], normalises the result per channel, adds
// residual if it is valid, and cuts off below 0 if relu. In training it normalises
// with the batch's statistics and moves the running ones towards them.
func (s *scope) convNorm(x tensor, l *layer, residual tensor, relu, training bool) tensor {
	if s.fault != nil {
		return tensor{}
	}
	message := C.bf_conv_norm(unsafe.Pointer(x.c), unsafe.Pointer(l.kernel().c), C.int(l.stride), C.int(l.padding), C.int(boolean(l.direct)), C.int(boolean(l.cudnn)), l.fused.pointer(),
		unsafe.Pointer(l.norm.weight.c), unsafe.Pointer(l.norm.bias.c), unsafe.Pointer(l.norm.mean.c), unsafe.Pointer(l.norm.variance.c),
		batchNormMomentum, batchNormEpsilon, unsafe.Pointer(residual.c), C.int(boolean(relu)), C.int(boolean(training)),
		(*unsafe.Pointer)(unsafe.Pointer(s.out)))
	return s.shimmed("convolution", message)
}

// shimmed takes the result of a function of the shim from s.out.
func (s *scope) shimmed(operation string, message *C.char) tensor {
	if err := shimError(message); err != nil {
		s.fault = fmt.Errorf("torchbridge: %s: %w", operation, err)
		return tensor{}
	}
	return s.done(operation)
}

// add adds y to x in place; the result stands for x from then on.
func (s *scope) add(x, y tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgAdd_(s.out, x.c, y.c)
	sum := s.done("addition")
	s.drop(x)
	return sum
}

// addScaled adds factor*y to x in place.
func (s *scope) addScaled(x, y tensor, factor float64) {
	s.add(x, s.scaled(y, factor))
}

// scaled returns y*factor.
func (s *scope) scaled(y tensor, factor float64) tensor {
	if s.fault != nil {
		return tensor{}
	}
	scalar := lib.AtsFloat(factor)
	defer lib.AtsFree(scalar)
	lib.AtgMulScalar(s.out, y.c, scalar)
	return s.done("scaling")
}

// zero sets all elements of x to 0.
func (s *scope) zero(x tensor) {
	if s.fault != nil {
		return
	}
	lib.AtgZero_(s.out, x.c)
	s.done("zero")
}

// averagePool reduces x [N,C,H,W] to the means over H and W, [N,C].
func (s *scope) averagePool(x tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	size := [2]int64{1, 1}
	lib.AtgAdaptiveAvgPool2d(s.out, x.c, size[:], 2)
	pooled := s.done("average pooling")
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgFlatten(s.out, pooled.c, 1, -1)
	return s.done("flatten")
}

// linear returns x w^T + b.
func (s *scope) linear(x, w, b tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgLinear(s.out, x.c, w.c, b.c)
	return s.done("linear layer")
}

// crossEntropy returns the mean over the batch of -log softmax(logits)[label].
func (s *scope) crossEntropy(logits, labels tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	const meanReduction, ignoreNone = 1, -100
	lib.AtgCrossEntropyLoss(s.out, logits.c, labels.c, nil, meanReduction, ignoreNone, 0)
	return s.done("cross-entropy")
}

// argmax returns the index of the largest value of each row.
func (s *scope) argmax(x tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgArgmax(s.out, x.c, 1, 0, 0)
	return s.done("argmax")
}

// equal compares a and b element by element.
func (s *scope) equal(a, b tensor) tensor {
	return s.binary("comparison", lib.AtgEqTensor, a, b)
}

// sum adds up all elements, as k.
func (s *scope) sum(x tensor, k kind) tensor {
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgSum(s.out, x.c, int32(k))
	return s.done("sum")
}

// float returns x as float32: x itself if it has that type.
func (s *scope) float(x tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgToDtype(s.out, x.c, int32(kindFloat32), 0, 0)
	return s.done("conversion to float32")
}

// detach returns x outside the gradient graph.
func (s *scope) detach(x tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgDetach(s.out, x.c)
	return s.done("detach")
}

// pick returns the rows of x that index names.
func (s *scope) pick(x, index tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	lib.AtgIndexSelect(s.out, x.c, 0, index.c)
	return s.done("index select")
}

// normalised returns the uint8 images x as floats: x*scale + shift per channel. A
// valid index picks rows first. The images lie in memory as N,H,W,C, like the
// convolutions' weights, because CPUs and GPUs compute convolutions fastest in that
// order (1.0 to 1.4 times as fast).
func (s *scope) normalised(x, index, scale, shift tensor) tensor {
	if s.fault != nil {
		return tensor{}
	}
	message := C.bf_normalise(unsafe.Pointer(x.c), unsafe.Pointer(index.c), unsafe.Pointer(scale.c),
		unsafe.Pointer(shift.c), (*unsafe.Pointer)(unsafe.Pointer(s.out)))
	return s.shimmed("normalise", message)
}

// nextBatch returns the rows of the next length images in order and the learning
// rate of the step, and advances position, the place in both.
func (s *scope) nextBatch(order, rates, position tensor, length int) (index, rate tensor) {
	if s.fault != nil {
		return tensor{}, tensor{}
	}
	var rateOut unsafe.Pointer
	message := C.bf_next_batch(unsafe.Pointer(order.c), unsafe.Pointer(rates.c), unsafe.Pointer(position.c), C.int64_t(length),
		(*unsafe.Pointer)(unsafe.Pointer(s.out)), &rateOut)
	index = s.shimmed("next batch", message)
	if s.fault != nil {
		return tensor{}, tensor{}
	}
	return index, s.keep(tensor{lib.Ctensor(rateOut)})
}

// gradients computes d loss / d inputs, which the scope owns. It consumes the graph.
func (s *scope) gradients(loss tensor, inputs []lib.Ctensor, into []lib.Ctensor) {
	if s.fault != nil {
		return
	}
	clear(into)
	lib.AtRunBackward(&loss.c, 1, &inputs[0], len(inputs), &into[0], 0, 0)
	for _, c := range into {
		switch {
		case c != nil:
			s.owned = append(s.owned, c)
		case s.fault == nil: // the others lack for the same reason
			s.fault = fmt.Errorf("torchbridge: backward: %w", lastError())
		}
	}
}

// withGradients runs body with gradient recording on or off, and restores what
// was set before.
func withGradients(on bool, body func()) {
	before := lib.AtGradSetEnabled(int(boolean(on)))
	defer lib.AtGradSetEnabled(before)
	body()
}

func boolean(b bool) int32 {
	if b {
		return 1
	}
	return 0
}
