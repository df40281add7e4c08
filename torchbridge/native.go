package torchbridge

import (
	"fmt"
	"math"
	"unsafe"

	"backfire/internal/hardware"
)

// #include <stdlib.h>
// #include "shim.h"
import "C"

// native is a network on the CPU whose training steps and predictions are a fixed list
// of this package's own kernels on memory that is taken once, without libtorch's
// gradient graph. It trains the tensors of a resnet and of its optimizer where they
// are, so that states are taken and restored as with libtorch's graph. Its bits depend
// neither on the processor nor on the number of threads.
type native struct {
	handle unsafe.Pointer
	params []parameter
	classes,
	features int
}

// isNative reports whether a trainer with the options computes by a native network: on
// a CPU in fp32, unless KernelsDirect is asked for, which is libtorch's graph.
func (o Options) isNative(device cDevice) bool {
	return o.Model.isPaper() && device == cpu && o.Precision == hardware.FP32 && o.Kernels != KernelsDirect && !o.graph && o.newFused == nil
}

// newNative makes a native network of the tensors of net and of its optimizer.
func newNative(opt Options, net *resnet, o *optimizer, scale, shift tensor) (*native, error) {
	m := opt.Model
	n := &native{params: net.params, classes: m.Classes, features: m.FeatureCount()}
	shape := [...]C.int64_t{C.int64_t(m.Width), C.int64_t(m.Channels), C.int64_t(m.Height), C.int64_t(m.WidthPx), C.int64_t(m.Classes)}
	buffers := handlesOf(net.buffers)
	err := shimError(C.bf_net_new(&shape[0], handles(net.paramHandles), C.int(len(net.params)), handles(buffers), C.int(len(buffers)),
		unsafe.Pointer(scale.c), unsafe.Pointer(shift.c), C.int64_t(opt.Train.Batch), &n.handle))
	if err != nil {
		return nil, fmt.Errorf("torchbridge: native network: %w", err)
	}
	if err := n.setOptimizer(o); err != nil {
		n.free()
		return nil, err
	}
	return n, nil
}

// The numbers that the shim has for optimisers.
var nativeOptimizers = map[string]C.int{OptimizerSGD: 0, OptimizerAdam: 1, OptimizerAdamW: 2}

func (n *native) setOptimizer(o *optimizer) error {
	var state [3]*unsafe.Pointer
	for i, list := range o.state {
		state[i] = handles(list.handles)
	}
	err := shimError(C.bf_net_optimizer(n.handle, nativeOptimizers[o.spec.Optimizer], C.double(o.spec.Momentum), C.double(o.spec.WeightDecay),
		C.int(boolean(o.spec.Nesterov)), state[adamMean], state[adamVariance], state[adamSteps], C.int(len(n.params))))
	if err != nil {
		return fmt.Errorf("torchbridge: native network: optimiser: %w", err)
	}
	return nil
}

// free gives the network's memory back, without the tensors that it trained.
func (n *native) free() {
	if n != nil && n.handle != nil {
		C.bf_net_free(n.handle)
		n.handle = nil
	}
}

// step takes a training step of a shape on rows of the epoch's order.
func (n *native) step(t *Trainer, shape stepShape, in *stepInputs) error {
	first := t.step % t.opt.steps() * t.opt.Train.Batch
	b := C.bf_batch{
		images: unsafe.Pointer(t.images.c), labels: unsafe.Pointer(t.labels.c), order: unsafe.Pointer(t.order.c),
		first: C.int64_t(first), count: C.int64_t(shape.rows),
		stamped: unsafe.Pointer(in.stamped.rows.c), masks: unsafe.Pointer(in.masks.c), patterns: unsafe.Pointer(in.patterns.c),
		add_stamped: C.int(boolean(shape.addStamped)),
		partner:     unsafe.Pointer(in.partner.c), box: unsafe.Pointer(in.box.c), own: unsafe.Pointer(in.own.c), other: unsafe.Pointer(in.other.c),
		attacked: unsafe.Pointer(in.attacked.rows.c), start: unsafe.Pointer(in.start.c), add_attacked: C.int(boolean(shape.addAttacked)),
		epsilon: C.double(shape.epsilon), attack_step: C.double(shape.attackStep), attack_steps: C.int64_t(shape.attackSteps),
	}
	rate := C.float(t.rate(t.step))
	if err := shimError(C.bf_net_step(n.handle, &b, rate, unsafe.Pointer(t.lossSum.c), unsafe.Pointer(t.hits.c))); err != nil {
		return fmt.Errorf("torchbridge: native step: %w", err)
	}
	return nil
}

// The parts of a prediction.
const (
	inferClasses       = C.BF_CLASSES
	inferProbabilities = C.BF_PROBABILITIES
	inferFeatures      = C.BF_FEATURES
)

// inferNative returns a part of the prediction of n images: `each` values per image.
func inferNative[E element](network *native, images []uint8, n, each, part int) ([]E, error) {
	if n == 0 {
		return nil, nil
	}
	out := make([]E, n*each)
	message := C.bf_net_infer(network.handle, (*C.uint8_t)(unsafe.SliceData(images)), C.int64_t(n), C.int(part), unsafe.Pointer(unsafe.SliceData(out)))
	if err := shimError(message); err != nil {
		return nil, fmt.Errorf("native network: %w", err)
	}
	return out, nil
}

// unlearn takes a step of Trainer.Unlearn and returns the loss before it. A loss that is
// not finite is no error here.
func (n *native) unlearn(t *Trainer, step Unlearning, rate float64) (float64, error) {
	set := C.bf_batch{images: unsafe.Pointer(t.images.c), labels: unsafe.Pointer(t.labels.c)}
	var loss C.double
	list := func(rows []int64) (*C.int64_t, C.int64_t) {
		return (*C.int64_t)(unsafe.SliceData(rows)), C.int64_t(len(rows))
	}
	forget, forgets := list(step.Forget)
	keep, keeps := list(step.Keep)
	message := C.bf_net_unlearn(n.handle, &set, forget, forgets, keep, keeps, C.double(math.Log(float64(n.classes))), C.float(rate), &loss)
	return float64(loss), shimError(message)
}

// gradient returns the last gradient of a parameter, in the order of its dimensions.
func (n *native) gradient(index int) ([]float32, error) {
	value := n.params[index].value
	memory := make([]float32, value.numel())
	if err := shimError(C.bf_net_gradient(n.handle, C.int(index), (*C.float)(unsafe.SliceData(memory)))); err != nil {
		return nil, fmt.Errorf("torchbridge: native network: gradient of %s: %w", n.params[index].name, err)
	}
	shape := value.shape()
	if len(shape) != 4 {
		return memory, nil
	}
	in, taps := int(shape[1]), int(shape[2]*shape[3]) // which lie in memory as out, taps, in
	ordered := make([]float32, len(memory))
	for i, v := range memory {
		o, tap, c := i/(taps*in), i/in%taps, i%in
		ordered[(o*in+c)*taps+tap] = v
	}
	return ordered, nil
}

// useKernels has the process compute with a set of kernels: avx512, avx2, plain, or the
// processor's (auto).
func useKernels(name string) error {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	return shimError(C.bf_use_kernels(text))
}
