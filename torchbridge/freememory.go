package torchbridge

import "fmt"

// #include "shim.h"
import "C"

// FreeMemory returns how many bytes of the memory of CUDA device gpu nobody has
// taken yet. An error says that it cannot be asked, or that it is kept for one
// process at a time. The device keeps a context for this process from then on, a
// few hundred megabytes, so a process that trains does not ask.
func FreeMemory(gpu int) (int64, error) {
	var free C.int64_t
	if err := shimError(C.bf_cuda_free_memory(C.int(gpu), &free)); err != nil {
		return 0, fmt.Errorf("torchbridge: free memory of CUDA device %d: %w", gpu, err)
	}
	return int64(free), nil
}
