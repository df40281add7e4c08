package torchbridge

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"
)

// #include "shim.h"
import "C"

// fusedKernels are this package's kernels of a GPU: batch normalisation with addition and
// ReLU, both directions, and the update of all weights by SGD.
type fusedKernels struct{ handle unsafe.Pointer }

// serialKernels returns the kernels compiled for the CPU, whose threads run one after the
// other, in reverse order if wanted, and without kernel number leftOut if that is not
// negative. They are there to be tested.
func serialKernels(reversed bool, leftOut int) (*fusedKernels, error) {
	k := &fusedKernels{}
	if err := shimError(C.bf_fused_serial(C.int(boolean(reversed)), C.int(leftOut), &k.handle)); err != nil {
		return nil, fmt.Errorf("torchbridge: serial kernels: %w", err)
	}
	return k, nil
}

// free gives the kernels back. Sessions keep them as long as they need them.
func (k *fusedKernels) free() {
	if k != nil && k.handle != nil {
		C.bf_fused_unload(k.handle)
		k.handle = nil
	}
}

// kernelNames lists the names of the kernels in the order of their numbers.
func kernelNames() []string {
	names := make([]string, int(C.bf_fused_kernels()))
	for i := range names {
		names[i] = C.GoString(C.bf_fused_kernel(C.int(i)))
	}
	return names
}

// fusedSession is what one model uses the kernels by; nil: it has libtorch compute.
type fusedSession struct {
	handle unsafe.Pointer
	device cDevice
}

// session returns a session on a device.
func (k *fusedKernels) session(device cDevice) (*fusedSession, error) {
	s := &fusedSession{device: device}
	if err := shimError(C.bf_fused_new(k.handle, C.int(device), &s.handle)); err != nil {
		return nil, fmt.Errorf("torchbridge: fused kernels: %w", err)
	}
	return s, nil
}

// pointer returns the handle for the shim, nil without a session.
func (s *fusedSession) pointer() unsafe.Pointer {
	if s == nil {
		return nil
	}
	return s.handle
}

// launches returns the number of kernels that were started so far.
func (s *fusedSession) launches() int { return int(C.bf_fused_launches(s.handle)) }

// check compares every kernel with libtorch's own operations, and with the bits of a session
// of serial kernels unless that is nil.
func (s *fusedSession) check(serial *fusedSession) error {
	if err := shimError(C.bf_fused_check(s.handle, C.int(s.device), serial.pointer())); err != nil {
		return fmt.Errorf("torchbridge: fused kernels: %w", err)
	}
	return nil
}

// free gives the session back.
func (s *fusedSession) free() {
	if s != nil && s.handle != nil {
		C.bf_fused_free(s.handle)
		s.handle = nil
	}
}

// gpuKernels holds the kernels of each CUDA device of this process, or why it has none.
var gpuKernels = struct {
	sync.Mutex
	of map[cDevice]*loadedKernels
}{of: map[cDevice]*loadedKernels{}}

// loadedKernels are the kernels of a device after their check.
type loadedKernels struct {
	kernels *fusedKernels
	fault   error // why libtorch computes instead
}

// fusedOn returns the kernels of a CUDA device. The first call for a device compiles them,
// or takes them from the cache, and compares them with libtorch's operations; all calls
// return the same. After an error libtorch computes.
func fusedOn(device cDevice) (*fusedKernels, error) {
	gpuKernels.Lock()
	defer gpuKernels.Unlock()
	known, ok := gpuKernels.of[device]
	if !ok {
		// Nothing may be recorded meanwhile: this loads code and takes memory.
		recordings.Lock()
		defer recordings.Unlock()
		known = &loadedKernels{}
		known.kernels, known.fault = loadChecked(device)
		if !errors.Is(known.fault, ErrMemory) { // with more memory they may work
			gpuKernels.of[device] = known
		}
	}
	return known.kernels, known.fault
}

// loadChecked returns the kernels of a device if they compute what libtorch does.
func loadChecked(device cDevice) (*fusedKernels, error) {
	runtime.LockOSThread() // CUDA's current device is the thread's
	defer runtime.UnlockOSThread()
	image, err := kernelImage(device)
	if err != nil {
		return nil, err
	}
	k := &fusedKernels{}
	if err := shimError(C.bf_fused_load(C.int(device), unsafe.Pointer(&image[0]), &k.handle)); err != nil {
		return nil, fmt.Errorf("torchbridge: fused kernels: %w", err)
	}
	s, err := k.session(device)
	if err == nil {
		err = s.check(nil)
		s.free()
	}
	if err != nil {
		k.free()
		return nil, err
	}
	return k, nil
}

// openFused gives the network its session where fused kernels compute: on CUDA, unless the
// options are against it or the kernels do not work there, which is a notice. It does not apply
// to modules.
func (t *Trainer) openFused() error {
	load := t.opt.newFused
	if load == nil && t.device != cpu && !t.opt.NoFused && !t.opt.CuDNNNorm {
		load = fusedOn
	}
	if load == nil || len(t.opt.Module) > 0 {
		return nil
	}
	k, err := load(t.device)
	if err != nil {
		if errors.Is(err, ErrMemory) {
			return err
		}
		t.notice("backfire's own kernels do not work on this GPU; libtorch's are used, which are slower and round differently: " + err.Error())
		return nil
	}
	t.fused, err = k.session(t.device)
	return err
}

// halfCopies are copies in bfloat16 of the weights of convolutions and of the last layer,
// one for each parameter of a network, nothing for the others. The update of the weights
// writes them, so that no step converts a weight.
type halfCopies []tensor

// keepCopies gives the layers of the network copies of their weights in bfloat16, by which
// they compute and of which gradients are taken from then on.
func (n *resnet) keepCopies() error {
	of := map[lib.Ctensor]tensor{}
	n.copies = make(halfCopies, len(n.params))
	for i, p := range n.params {
		if len(p.value.shape()) < 4 && p.value != n.weight && p.value != n.bias {
			continue
		}
		var out unsafe.Pointer
		if err := shimError(C.bf_half_copy(unsafe.Pointer(p.value.c), &out)); err != nil {
			return fmt.Errorf("torchbridge: copy of %s in bfloat16: %w", p.name, err)
		}
		n.copies[i] = tensor{lib.Ctensor(out)}
		of[p.value.c] = n.copies[i]
		n.leaves[i] = n.copies[i].c
	}
	for _, l := range n.layers() {
		l.copy = of[l.weight.c]
	}
	n.weightCopy, n.biasCopy = of[n.weight.c], of[n.bias.c]
	return nil
}

// refreshCopies writes the copies after the weights were changed by something else than the
// update.
func (n *resnet) refreshCopies() error {
	for i, c := range n.copies {
		if !c.valid() {
			continue
		}
		if err := shimError(C.bf_copy(unsafe.Pointer(c.c), unsafe.Pointer(n.params[i].value.c))); err != nil {
			return fmt.Errorf("torchbridge: copy of %s in bfloat16: %w", n.params[i].name, err)
		}
	}
	return nil
}

// handles lists the copies for the shim; nil: there are none.
func (c halfCopies) handles() []lib.Ctensor {
	var list []lib.Ctensor
	for _, t := range c {
		list = append(list, t.c)
	}
	return list
}

// free gives the copies back.
func (c halfCopies) free() {
	for i := range c {
		c[i].free()
	}
}
