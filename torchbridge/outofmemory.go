package torchbridge

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
)

// ErrMemory marks work that failed because the device had no memory left for it. The same
// work may succeed where fewer models are trained on the device.
var ErrMemory = errors.New("out of memory")

// shortOfMemory are words in the messages of libtorch, CUDA, cuDNN, cuBLAS and the C++
// library where memory ran out.
var shortOfMemory = []string{
	"out of memory", "can't allocate memory", "bad_alloc", "CUDNN_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_ALLOC_FAILED", "cudaErrorMemoryAllocation",
}

// memoryError is an error of libtorch that also wraps ErrMemory. Its text stays that of
// libtorch.
type memoryError struct{ error }

// Unwrap returns both errors.
func (e memoryError) Unwrap() []error { return []error{e.error, ErrMemory} }

// messageError returns a message of libtorch as an error, which wraps ErrMemory if the
// message is about memory that ran out.
func messageError(message string) error {
	err := errors.New(firstLines(message))
	for _, words := range shortOfMemory {
		if strings.Contains(message, words) {
			return memoryError{err}
		}
	}
	return err
}

// otherKernels reports that in this process libtorch has taken another algorithm for want
// of memory. libtorch keeps the choice and computes later steps of the process by it, also
// those of other models.
var otherKernels atomic.Bool

// errOtherKernels is the error of work that such a choice may affect.
var errOtherKernels = fmt.Errorf("torchbridge: %w: a convolution lacked room for its workspace, and libtorch would compute it by another algorithm, "+
	"which rounds differently: the training is to be resumed in another process", ErrMemory)

// watched does work on the device, and returns an error that wraps ErrMemory if libtorch
// caught a failed request for memory meanwhile, in this work or, before, in that of
// another model of the process. Where libtorch catches one, cuDNN computes by another
// algorithm, so that the results would depend on the memory that other models leave.
func (t *Trainer) watched(work func() error) error {
	if t.recorder == nil {
		return work()
	}
	if otherKernels.Load() {
		return errOtherKernels
	}
	before, err := t.recorder.shortages()
	if err != nil {
		return err
	}
	failed := work()
	after, err := t.recorder.shortages()
	if err != nil {
		return errors.Join(failed, err)
	}
	caught := after - before
	if errors.Is(failed, ErrMemory) {
		caught-- // the one that was not caught
	}
	if caught > 0 {
		otherKernels.Store(true)
		return errors.Join(failed, errOtherKernels)
	}
	return failed
}
