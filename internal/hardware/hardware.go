// Package hardware names the devices that models are trained on, and describes
// the libtorch that reaches them. It needs neither.
package hardware

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrDevice marks a device name that is malformed or not available here.
var ErrDevice = errors.New("device not available")

// VariantCPU is the variant of a libtorch without CUDA.
const VariantCPU = "cpu"

// Env describes a libtorch and the devices it sees, for diagnosis and for the
// record beside each result.
type Env struct {
	Version       string `json:"version"`        // of libtorch, such as 2.11.0
	Variant       string `json:"variant"`        // what is linked of it: cpu or cuda
	Directory     string `json:"directory"`      // where libtorch was when it was linked
	CPUCapability string `json:"cpu_capability"` // of libtorch's own kernels: DEFAULT, AVX2, AVX512
	Threads       int    `json:"threads"`        // of one operation on the CPU
	GPUs          []GPU  `json:"gpus"`           // in the order of the device numbers; empty without a usable one
}

// GPU is one CUDA device.
type GPU struct {
	Name   string `json:"name"`
	Memory int64  `json:"memory"` // bytes
	// Compute is the compute capability, ten times the major number plus the minor
	// one: 90 is 9.0; 0: not known.
	Compute int `json:"compute"`
	// Free is how many bytes of it nobody had taken when it was asked; 0: not
	// known, or kept for one process at a time.
	Free int64 `json:"free"`
}

// Device is the number of a device: CPU, or k >= 0 for CUDA device k.
type Device int

// CPU is the processor as a device.
const CPU Device = -1

// String returns the device's name: cpu or cuda:K.
func (d Device) String() string {
	if d == CPU {
		return "cpu"
	}
	return fmt.Sprintf("cuda:%d", int(d))
}

// Choose resolves a device name (auto, cpu, cuda or cuda:K) to the one that will
// be used with that many CUDA devices and that variant of libtorch: auto is the
// first CUDA device if there is one, else the CPU. The error wraps ErrDevice.
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
		return CPU, fmt.Errorf("hardware: device %q: %w: this build uses a libtorch without CUDA (set up again with BACKFIRE_VARIANT=cuda, or use device cpu)", name, ErrDevice)
	case gpus == 0:
		return CPU, fmt.Errorf("hardware: device %q: %w: no CUDA GPU was found (check nvidia-smi, or use device cpu)", name, ErrDevice)
	case index >= gpus:
		return CPU, fmt.Errorf("hardware: device %q: %w: there are %d CUDA devices, cuda:0 to cuda:%d", name, ErrDevice, gpus, gpus-1)
	}
	return Device(index), nil
}
