package torchbridge

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	lib "github.com/sugarme/gotch/libtch"
)

// ErrDevice marks a device name that is malformed or not available here.
var ErrDevice = errors.New("device not available")

// cDevice is gotch's number of a device: -1 is the CPU, k >= 0 is CUDA k.
type cDevice int32

const cpu cDevice = -1

// CheckDevice resolves a device name (auto, cpu, cuda or cuda:K) to the one that
// will be used: auto is the first CUDA device if there is one, else the CPU.
// The error wraps ErrDevice.
func CheckDevice(name string) (string, error) {
	d, err := parseDevice(name)
	if err != nil {
		return "", err
	}
	return d.String(), nil
}

func (d cDevice) String() string {
	if d == cpu {
		return "cpu"
	}
	return fmt.Sprintf("cuda:%d", int(d))
}

func parseDevice(name string) (cDevice, error) {
	return chooseDevice(name, cudaDevices(), LibtorchVariant)
}

// cudaDevices is the number of usable CUDA devices. gotch reports a failure of
// either question as -1, which as a bool is true.
func cudaDevices() int {
	if !lib.AtcCudaIsAvailable() {
		return 0
	}
	return max(0, int(lib.AtcCudaDeviceCount()))
}

// chooseDevice is parseDevice for a given number of CUDA devices.
func chooseDevice(name string, available int, variant string) (cDevice, error) {
	switch {
	case name == "cpu":
		return cpu, nil
	case name == "auto" && available == 0:
		return cpu, nil
	case name == "auto":
		return 0, nil
	}
	index := 0
	if rest, ok := strings.CutPrefix(name, "cuda:"); ok {
		var err error
		if index, err = strconv.Atoi(rest); err != nil || index < 0 {
			return cpu, fmt.Errorf("torchbridge: device %q: %w: write auto, cpu, cuda or cuda:K", name, ErrDevice)
		}
	} else if name != "cuda" {
		return cpu, fmt.Errorf("torchbridge: device %q: %w: write auto, cpu, cuda or cuda:K", name, ErrDevice)
	}
	switch {
	case available == 0 && variant == "cpu":
		return cpu, fmt.Errorf("torchbridge: device %q: %w: this build uses a libtorch without CUDA (set up again with BACKFIRE_VARIANT=cuda, or use device cpu)", name, ErrDevice)
	case available == 0:
		return cpu, fmt.Errorf("torchbridge: device %q: %w: no CUDA GPU was found (check nvidia-smi, or use device cpu)", name, ErrDevice)
	case index >= available:
		return cpu, fmt.Errorf("torchbridge: device %q: %w: there are %d CUDA devices, cuda:0 to cuda:%d", name, ErrDevice, available, available-1)
	}
	return cDevice(index), nil
}
