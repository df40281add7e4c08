package torchbridge

import "fmt"

// #include "shim.h"
import "C"

// FreeMemory returns the bytes of memory of CUDA device gpu that no process has
// taken. It fails if the device cannot be queried, or if the device is reserved for
// one process at a time. The device then keeps a context for this process, a few
// hundred megabytes, so a process that trains does not call it.
func FreeMemory(gpu int) (int64, error) {
	var free C.int64_t
	if err := shimError(C.bf_cuda_free_memory(C.int(gpu), &free)); err != nil {
		return 0, fmt.Errorf("torchbridge: free memory of CUDA device %d: %w", gpu, err)
	}
	return int64(free), nil
}

// PeakMemory returns the most bytes of CUDA device gpu that tensors of this process had at
// a time since the last call, and that libtorch had taken for them.
func PeakMemory(gpu int) (allocated, reserved int64, err error) {
	var a, r C.int64_t
	if err := shimError(C.bf_cuda_peak_memory(C.int(gpu), &a, &r)); err != nil {
		return 0, 0, fmt.Errorf("torchbridge: peak memory of CUDA device %d: %w", gpu, err)
	}
	return int64(a), int64(r), nil
}
