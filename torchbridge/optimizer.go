package torchbridge

import (
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
	spec  TrainSpec
	state [][]lib.Ctensor // per kind of state, one tensor per parameter
	owned []tensor
	steps int
}

// State lists of Adam.
const (
	adamMean = iota
	adamVariance
	adamSteps
)

// newOptimizer makes the optimiser's state for params.
func newOptimizer(spec TrainSpec, params []parameter, device cDevice) (*optimizer, error) {
	o := &optimizer{spec: spec}
	zerosLike := func(p parameter) (tensor, error) { return newZerosLike(p.value) }
	kinds := []func(parameter) (tensor, error){}
	switch {
	case spec.Optimizer != OptimizerSGD:
		counter := func(parameter) (tensor, error) { return newZeros([]int64{1}, kindFloat32, device) }
		kinds = append(kinds, zerosLike, zerosLike, counter)
	case spec.Momentum != 0:
		kinds = append(kinds, zerosLike)
	}
	for _, make := range kinds {
		var list []lib.Ctensor
		for _, p := range params {
			t, err := make(p)
			if err != nil {
				o.free()
				return nil, fmt.Errorf("torchbridge: optimiser state of %s: %w", p.name, err)
			}
			o.owned = append(o.owned, t)
			list = append(list, t.c)
		}
		o.state = append(o.state, list)
	}
	return o, nil
}

// free gives the optimiser's state back.
func (o *optimizer) free() {
	freeAll(o.owned)
	o.owned, o.state = nil, nil
}

// step moves params against grads with the given learning rate.
func (o *optimizer) step(params, grads []lib.Ctensor, rate float64) error {
	var message *C.char
	n := C.int(len(params))
	if o.spec.Optimizer == OptimizerSGD {
		var buffers *unsafe.Pointer
		if len(o.state) > 0 {
			buffers = handles(o.state[0])
		}
		message = C.bf_fused_sgd(handles(params), handles(grads), buffers, n, C.double(rate), C.double(o.spec.Momentum),
			C.double(o.spec.WeightDecay), C.int(boolean(o.spec.Nesterov)), C.int(boolean(o.steps == 0)))
	} else {
		message = C.bf_fused_adam(handles(params), handles(grads), handles(o.state[adamMean]), handles(o.state[adamVariance]),
			handles(o.state[adamSteps]), n, C.double(rate), adamBeta1, adamBeta2, adamEpsilon,
			C.double(o.spec.WeightDecay), C.int(boolean(o.spec.Optimizer == OptimizerAdamW)))
	}
	if err := shimError(message); err != nil {
		return fmt.Errorf("torchbridge: optimiser step: %w", err)
	}
	o.steps++
	return nil
}

// handles is the list as C sees it.
func handles(list []lib.Ctensor) *unsafe.Pointer {
	return (*unsafe.Pointer)(unsafe.Pointer(&list[0]))
}
