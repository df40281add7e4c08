package torchbridge

import (
	lib "github.com/sugarme/gotch/libtch"

	"backfire/internal/hardware"
)

// cDevice is gotch's number of a device: -1 is the CPU, k >= 0 is CUDA k.
type cDevice int32

const cpu = cDevice(hardware.CPU)

// parseDevice resolves a device name as hardware.Choose does, for what libtorch
// sees here.
func parseDevice(name string) (cDevice, error) {
	device, err := hardware.Choose(name, cudaDevices(), LibtorchVariant)
	return cDevice(device), err
}

// cudaDevices returns the number of usable CUDA devices. gotch reports a failure of
// either question as -1, which as a bool is true.
func cudaDevices() int {
	if !lib.AtcCudaIsAvailable() {
		return 0
	}
	return max(0, int(lib.AtcCudaDeviceCount()))
}
