package torchbridge

import (
	"fmt"
	"unsafe"

	"backfire/internal/streams"
)

// #include <stdlib.h>
// #include "shim.h"
import "C"

// module is a TorchScript module as the network of a trainer.
type module struct {
	handle   unsafe.Pointer
	features int    // of one image; 0: it does not return them
	seed     uint64 // of the random numbers of the next training step
}

// newModuleNet loads the module of the options and checks that it can be trained on their
// images. Its initial weights are those of the file.
func newModuleNet(opt Options, device cDevice) (*resnet, error) {
	m := opt.Model
	check, err := loadModule(opt.Module, cpu)
	if err != nil {
		return nil, err
	}
	defer check.free()
	shape := [...]C.int64_t{C.int64_t(m.Channels), C.int64_t(m.Height), C.int64_t(m.WidthPx)}
	var features C.int64_t
	if err := shimError(C.bf_module_check(check.handle, &shape[0], C.int64_t(m.Classes), &features)); err != nil {
		return nil, fmt.Errorf("torchbridge: module: %w: with images of %dx%dx%d and %d classes: %w", ErrOptions, m.Channels, m.Height, m.WidthPx, m.Classes, err)
	}
	// Another one is trained: the check has changed running statistics.
	net := &resnet{device: device}
	if net.module, err = loadModule(opt.Module, device); err != nil {
		return nil, err
	}
	net.module.features = int(features)
	return net.built(net.takeTensors())
}

// loadModule loads a module onto a device.
func loadModule(code []byte, device cDevice) (*module, error) {
	m := &module{}
	err := shimError(C.bf_module_load(unsafe.Pointer(unsafe.SliceData(code)), C.int64_t(len(code)), C.int(device), &m.handle))
	if err != nil {
		return nil, fmt.Errorf("torchbridge: module: %w: %w", ErrOptions, err)
	}
	return m, nil
}

// takeTensors lists the tensors of the module.
func (n *resnet) takeTensors() error {
	for i := range int64(C.bf_module_count(n.module.handle)) {
		var name *C.char
		var trained C.int
		p := parameter{}
		if err := shimError(C.bf_module_tensor(n.module.handle, C.int64_t(i), &name, &trained, (*unsafe.Pointer)(unsafe.Pointer(&p.value.c)))); err != nil {
			return fmt.Errorf("torchbridge: module: tensor %d: %w", i, err)
		}
		p.name = C.GoString(name)
		C.bf_free_message(name)
		if trained != 0 {
			n.params = append(n.params, p)
		} else {
			n.buffers = append(n.buffers, p)
		}
	}
	return nil
}

func (m *module) free() {
	if m != nil && m.handle != nil {
		C.bf_module_free(m.handle)
		m.handle = nil
	}
}

// draw sets the seed of the random numbers of a training step, which is a function of the
// training's seed and the step alone.
func (m *module) draw(seed uint64, step int) {
	if m != nil {
		m.seed = streams.New(seed, "module", uint64(step)).Uint64()
	}
}

// compute returns the logits [N, classes], or the features [N, F], of x.
func (m *module) compute(s *scope, x tensor, features, training bool) tensor {
	if s.fault != nil {
		return tensor{}
	}
	message := C.bf_module_compute(m.handle, unsafe.Pointer(x.c), C.int(boolean(features)), C.int(boolean(training)), C.uint64_t(m.seed),
		(*unsafe.Pointer)(unsafe.Pointer(s.out)))
	return s.shimmed("module", message)
}
