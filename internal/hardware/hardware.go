// Package hardware defines the names of the devices on which models are trained, and
// describes the libtorch that uses them. It needs neither devices nor libtorch itself.
package hardware

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrDevice reports a device name that is malformed, or a device that is not available.
var ErrDevice = errors.New("device not available")

// The variants of libtorch, without and with CUDA.
const (
	VariantCPU  = "cpu"
	VariantCUDA = "cuda"
)

// Env describes a libtorch and the devices that it finds. It is used for diagnosis and
// recorded beside each result.
type Env struct {
	Version   string `json:"version"`   // of libtorch, such as 2.11.0
	Variant   string `json:"variant"`   // of the libtorch that was loaded: cpu or cuda
	Directory string `json:"directory"` // of the libtorch that was loaded
	// Linked is the variant that the engine was built for, which decides whether it can use a GPU; empty:
	// Variant.
	Linked        string `json:"linked,omitempty"`
	CPUCapability string `json:"cpu_capability"` // instruction set of libtorch's own kernels: DEFAULT, AVX2, AVX512
	Threads       int    `json:"threads"`        // of one operation on the CPU
	Kernels       int    `json:"kernels"`        // generation of the bridge's own kernels; it rises when their bits change
	// GPUKernels is the generation of the arithmetic on a GPU; it rises when the bits of
	// trainings on GPUs change with the same libtorch.
	GPUKernels int   `json:"gpu_kernels,omitempty"`
	GPUs       []GPU `json:"gpus"` // in the order of the device numbers; empty if none is usable
	// Arithmetic holds the environment variables of the engine that may change bits, see
	// [Arithmetic].
	Arithmetic []string `json:"arithmetic,omitempty"`
}

// Usable returns the variant that the engine can use.
func (e Env) Usable() string {
	if e.Linked != "" {
		return e.Linked
	}
	return e.Variant
}

// GPU is one CUDA device.
type GPU struct {
	Name   string `json:"name"`
	Memory int64  `json:"memory"` // bytes
	// Compute is the compute capability, ten times the major number plus the minor
	// number: 90 is 9.0; 0: not known.
	Compute int `json:"compute"`
	// Free is the number of bytes of Memory that no process had allocated at the time
	// of the query; 0: not known, or the GPU accepts one process at a time only.
	Free int64 `json:"free"`
}

// Device is the number of a device: CPU, or k >= 0 for CUDA device k.
type Device int

// CPU is the device number of the processor.
const CPU Device = -1

// String returns the device's name: cpu or cuda:K.
func (d Device) String() string {
	if d == CPU {
		return "cpu"
	}
	return fmt.Sprintf("cuda:%d", int(d))
}

// Choose returns the device that a name (auto, cpu, cuda or cuda:K) stands for, with
// the given number of CUDA devices and variant of libtorch. auto is the first CUDA
// device if there is one, otherwise the CPU. The error wraps [ErrDevice].
func Choose(name string, gpus int, variant string) (Device, error) {
	switch {
	case name == "cpu":
		return CPU, nil
	case name == "auto" && gpus == 0:
		return CPU, nil
	case name == "auto":
		return 0, nil
	}
	index := 0
	if rest, ok := strings.CutPrefix(name, "cuda:"); ok {
		var err error
		if index, err = strconv.Atoi(rest); err != nil || index < 0 {
			return CPU, fmt.Errorf("hardware: device %q: %w: write auto, cpu, cuda or cuda:K", name, ErrDevice)
		}
	} else if name != "cuda" {
		return CPU, fmt.Errorf("hardware: device %q: %w: write auto, cpu, cuda or cuda:K", name, ErrDevice)
	}
	switch {
	case gpus == 0 && variant == VariantCPU:
		return CPU, fmt.Errorf("hardware: device %q: %w: this build uses a libtorch without CUDA (repeat make setup with BACKFIRE_VARIANT=cuda, or use device cpu)", name, ErrDevice)
	case gpus == 0:
		return CPU, fmt.Errorf("hardware: device %q: %w: no CUDA GPU was found (check nvidia-smi, or use device cpu)", name, ErrDevice)
	case index >= gpus:
		return CPU, fmt.Errorf("hardware: device %q: %w: there are %d CUDA devices, cuda:0 to cuda:%d", name, ErrDevice, gpus, gpus-1)
	}
	return Device(index), nil
}
