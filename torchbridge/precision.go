package torchbridge

import (
	"fmt"
	"sync"

	"backfire/internal/hardware"
)

// #include "shim.h"
import "C"

// tf32 holds whether the process computes float32 products on CUDA in TF32.
// libtorch has one setting for all trainers of a process.
var tf32 = struct {
	sync.Cond
	on    bool
	users int // trainers on CUDA that rely on it
}{Cond: sync.Cond{L: new(sync.Mutex)}}

// claimTF32 has the process compute with or without TF32 until releaseTF32. It
// waits as long as a trainer relies on the contrary.
func claimTF32(on bool) error {
	tf32.L.Lock()
	defer tf32.L.Unlock()
	for tf32.users > 0 && tf32.on != on {
		tf32.Wait()
	}
	if err := shimError(C.bf_set_tf32(C.int(boolean(on)))); err != nil {
		return fmt.Errorf("torchbridge: set TF32: %w", err)
	}
	tf32.on = on
	tf32.users++
	return nil
}

func releaseTF32() {
	tf32.L.Lock()
	defer tf32.L.Unlock()
	if tf32.users--; tf32.users == 0 {
		tf32.Broadcast()
	}
}

// checkPrecision refuses what the device does not have. The error wraps
// ErrOptions.
func (o Options) checkPrecision(device cDevice) error {
	env := hardware.Env{}
	if device != cpu {
		var err error
		if env, err = Environment(); err != nil {
			return err
		}
	}
	if err := env.CheckPrecision(o.Precision, hardware.Device(device)); err != nil {
		return fmt.Errorf("torchbridge: training: %w: %w", ErrOptions, err)
	}
	return nil
}

// inPrecision runs body, a part of the network's forward pass, in the network's
// precision; what comes out is float32.
func (n *resnet) inPrecision(s *scope, body func() tensor) tensor {
	if !n.bf16 || s.fault != nil {
		return body()
	}
	cuda := C.int(boolean(n.device != cpu))
	if err := shimError(C.bf_bf16_begin(cuda)); err != nil {
		s.fail(fmt.Errorf("torchbridge: bfloat16: %w", err))
		return tensor{}
	}
	defer C.bf_bf16_end(cuda)
	return s.float(body())
}
