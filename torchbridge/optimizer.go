package torchbridge

import (
	"errors"
	"fmt"
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"
)

// #include "shim.h"
import "C"

// Optimisers.
const (
	OptimizerSGD   = "sgd"   // with momentum and coupled weight decay
	OptimizerAdam  = "adam"  // Kingma and Ba 2015, coupled weight decay
	OptimizerAdamW = "adamw" // Loshchilov and Hutter 2019, decoupled weight decay
)

// Adam's constants, PyTorch's defaults.
const (
	adamBeta1   = 0.9
	adamBeta2   = 0.999
	adamEpsilon = 1e-8
)

// optimizer updates all parameters of a network in one call.
type optimizer struct {
	spec   TrainSpec
	state  []stateList
	fused  *fusedSession // updates by SGD; nil: libtorch does
	copies []lib.Ctensor // of the parameters, see halfCopies; nil: there are none
}

// stateList holds one kind of state: a tensor per parameter.
type stateList struct {
	name    string
	handles []lib.Ctensor
}

// Places of Adam's state lists.
const (
	adamMean = iota
	adamVariance
	adamSteps
)

// newOptimizer makes the optimiser's state for the parameters of a network.
func newOptimizer(spec TrainSpec, net *resnet) (*optimizer, error) {
	params, device := net.params, net.device
	o := &optimizer{spec: spec, fused: net.fused, copies: net.copies.handles()}
	like := func(p parameter) (tensor, error) { return newZerosLike(p.value) }
	counter := func(parameter) (tensor, error) { return newZeros([]int64{1}, kindFloat32, device) }
	var err error
	switch {
	case spec.Optimizer != OptimizerSGD:
		err = errors.Join(o.add("mean", params, like), o.add("variance", params, like), o.add("steps", params, counter))
	case spec.Momentum != 0:
		err = o.add("momentum", params, like)
	}
	if err != nil {
		o.free()
		return nil, err
	}
	return o, nil
}

// add makes one kind of state.
func (o *optimizer) add(name string, params []parameter, create func(parameter) (tensor, error)) error {
	o.state = append(o.state, stateList{name: name})
	list := &o.state[len(o.state)-1]
	for _, p := range params {
		t, err := create(p)
		if err != nil {
			return fmt.Errorf("torchbridge: optimiser: %s of %s: %w", name, p.name, err)
		}
		list.handles = append(list.handles, t.c)
	}
	return nil
}

// free gives the optimiser's state back.
func (o *optimizer) free() {
	for _, list := range o.state {
		for _, handle := range list.handles {
			lib.AtFree(handle)
		}
	}
	o.state = nil
}

// named lists the state's tensors, as PARAMETER.KIND; the optimiser still owns them.
func (o *optimizer) named(params []parameter) []parameter {
	var out []parameter
	for _, list := range o.state {
		for i, handle := range list.handles {
			out = append(out, parameter{params[i].name + "." + list.name, tensor{handle}})
		}
	}
	return out
}

// step moves params against grads with the learning rate, one value on the device.
func (o *optimizer) step(params, grads []lib.Ctensor, rate tensor) error {
	var message *C.char
	n := C.int(len(params))
	if o.spec.Optimizer == OptimizerSGD {
		var buffers *unsafe.Pointer
		if len(o.state) > 0 {
			buffers = handles(o.state[0].handles)
		}
		if o.fused != nil {
			return o.update(params, grads, buffers, rate)
		}
		message = C.bf_fused_sgd(handles(params), handles(grads), buffers, n, unsafe.Pointer(rate.c), C.double(o.spec.Momentum),
			C.double(o.spec.WeightDecay), C.int(boolean(o.spec.Nesterov)))
	} else {
		message = C.bf_fused_adam(handles(params), handles(grads), handles(o.state[adamMean].handles), handles(o.state[adamVariance].handles),
			handles(o.state[adamSteps].handles), n, unsafe.Pointer(rate.c), adamBeta1, adamBeta2, adamEpsilon,
			C.double(o.spec.WeightDecay), C.int(boolean(o.spec.Optimizer == OptimizerAdamW)))
	}
	if err := shimError(message); err != nil {
		return fmt.Errorf("torchbridge: optimiser step: %w", err)
	}
	return nil
}

// update takes a step of SGD by fused kernels.
func (o *optimizer) update(params, grads []lib.Ctensor, buffers *unsafe.Pointer, rate tensor) error {
	var copies *unsafe.Pointer
	if len(o.copies) > 0 {
		copies = handles(o.copies)
	}
	err := shimError(C.bf_fused_update(o.fused.handle, handles(params), handles(grads), buffers, copies, C.int(len(params)), unsafe.Pointer(rate.c),
		C.double(o.spec.Momentum), C.double(o.spec.WeightDecay), C.int(boolean(o.spec.Nesterov))))
	if err != nil {
		return fmt.Errorf("torchbridge: optimiser step: %w", err)
	}
	return nil
}

// handlesOf lists the handles of tensors.
func handlesOf(list []parameter) []lib.Ctensor {
	out := make([]lib.Ctensor, len(list))
	for i, p := range list {
		out[i] = p.value.c
	}
	return out
}

// handles returns the handles of the list for C.
func handles(list []lib.Ctensor) *unsafe.Pointer {
	return (*unsafe.Pointer)(unsafe.Pointer(&list[0]))
}
