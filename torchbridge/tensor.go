package torchbridge

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"
)

// #include <stdlib.h>
// #include "shim.h"
import "C"

// kind is libtorch's number of an element type (c10::ScalarType).
type kind int32

const (
	kindUint8   kind = 0
	kindInt64   kind = 4
	kindFloat32 kind = 6
	kindBool    kind = 11
)

func (k kind) size() int {
	switch k {
	case kindUint8, kindBool:
		return 1
	case kindFloat32:
		return 4
	default:
		return 8
	}
}

// element is a Go type that has a libtorch twin.
type element interface {
	uint8 | int64 | float32 | bool
}

func kindOf[E element]() kind {
	var e E
	switch any(e).(type) {
	case uint8:
		return kindUint8
	case int64:
		return kindInt64
	case bool:
		return kindBool
	default:
		return kindFloat32
	}
}

// tensor is a handle to a libtorch tensor. The zero value holds nothing. A
// tensor belongs to exactly one owner: a scope, or the struct that frees it.
type tensor struct{ c lib.Ctensor }

func (t tensor) valid() bool { return t.c != nil }

// free gives the tensor back; freeing twice, or freeing nothing, does nothing.
func (t *tensor) free() {
	if t.c != nil {
		lib.AtFree(t.c)
		t.c = nil
	}
}

// newTensor copies values into a tensor of the given shape on device.
func newTensor[E element](values []E, shape []int64, device cDevice) (tensor, error) {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	if n != int64(len(values)) || n == 0 {
		return tensor{}, fmt.Errorf("torchbridge: new tensor: shape %v holds %d values, got %d", shape, n, len(values))
	}
	k := kindOf[E]()
	host := tensor{lib.AtTensorOfData(unsafe.Pointer(&values[0]), shape, uint(len(shape)), uint(k.size()), int(k))}
	if !host.valid() {
		return tensor{}, fmt.Errorf("torchbridge: new tensor: %w", lastError())
	}
	if device == cpu {
		return host, nil
	}
	defer host.free()
	var out lib.Ctensor
	lib.AtgTo(&out, host.c, int32(device))
	if out == nil {
		return tensor{}, fmt.Errorf("torchbridge: new tensor: move to device: %w", lastError())
	}
	return tensor{out}, nil
}

// newZeros makes a tensor of zeros.
func newZeros(shape []int64, k kind, device cDevice) (tensor, error) {
	var out lib.Ctensor
	lib.AtgZeros(&out, shape, len(shape), int32(k), int32(device))
	if out == nil {
		return tensor{}, fmt.Errorf("torchbridge: zeros: %w", lastError())
	}
	return tensor{out}, nil
}

// newZerosLike makes zeros of the shape, kind, device and memory format of t.
func newZerosLike(t tensor) (tensor, error) {
	var out lib.Ctensor
	lib.AtgZerosLike(&out, t.c)
	if out == nil {
		return tensor{}, fmt.Errorf("torchbridge: zeros like: %w", lastError())
	}
	return tensor{out}, nil
}

// numel returns the number of elements.
func (t tensor) numel() int {
	n := 1
	for _, d := range t.shape() {
		n *= int(d)
	}
	return n
}

// shape returns the tensor's size along each dimension.
func (t tensor) shape() []int64 {
	dim := lib.AtDim(t.c)
	if dim == 0 {
		return nil
	}
	shape := make([]int64, dim)
	lib.AtShape(t.c, unsafe.Pointer(&shape[0]))
	return shape
}

// read copies the tensor's values, in row-major order, to the host.
func read[E element](t tensor) ([]E, error) {
	values := make([]E, t.numel())
	if len(values) == 0 {
		return values, nil
	}
	err := checked(func() {
		lib.AtCopyData(t.c, unsafe.Pointer(&values[0]), uint(len(values)), uint(kindOf[E]().size()))
	})
	if err != nil {
		return nil, fmt.Errorf("torchbridge: read tensor: %w", err)
	}
	return values, nil
}

// errUnknown stands in when libtorch failed without a message.
var errUnknown = errors.New("libtorch failed without a message")

// pendingError takes gotch's last error of this thread, nil if there is none.
func pendingError() error {
	message := lib.GetAndResetLastErr()
	if message == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(message))
	return messageError(C.GoString((*C.char)(unsafe.Pointer(message))))
}

// checked makes a call of gotch that has no result to tell failure by, and takes
// its error. What an earlier call left on this thread is not blamed on it.
func checked(call func()) error {
	_ = pendingError()
	call()
	return pendingError()
}

// lastError returns pendingError for a call that is known to have failed.
func lastError() error {
	if err := pendingError(); err != nil {
		return err
	}
	return errUnknown
}

// shimError turns a message of the shim into an error and frees it.
func shimError(message *C.char) error {
	if message == nil {
		return nil
	}
	defer C.bf_free_message(message)
	return messageError(C.GoString(message))
}

// firstLines drops the C++ backtrace that libtorch appends to its messages.
func firstLines(message string) string {
	for _, trace := range []string{"\nException raised from", "\nframe #0: "} {
		message, _, _ = strings.Cut(message, trace)
	}
	return strings.TrimSpace(message)
}
