package hardware

import (
	"fmt"
	"strings"
)

// All is the name of all GPUs of a machine, see [ChooseAll].
const All = "all"

// ChooseAll returns the devices that a name stands for: those of a list such as cuda:0,1, every
// GPU for all, and otherwise the one of [Choose]. all is refused where the GPUs are of several
// kinds, whose results differ in the last bits. The error wraps [ErrDevice].
func ChooseAll(name string, gpus []GPU, variant string) ([]Device, error) {
	numbers, isList := strings.CutPrefix(name, "cuda:")
	switch {
	case name == All:
		if _, err := Choose("cuda", len(gpus), variant); err != nil {
			return nil, err
		}
		var devices []Device
		for i, gpu := range gpus {
			if gpu.Name != gpus[0].Name {
				return nil, fmt.Errorf("hardware: device %q: %w: cuda:0 is %s and cuda:%d is %s, whose results differ in the last bits; name those of one kind, such as cuda:0,1",
					name, ErrDevice, gpus[0].Name, i, gpu.Name)
			}
			devices = append(devices, Device(i))
		}
		return devices, nil
	case isList && strings.Contains(numbers, ","):
		var devices []Device
		for number := range strings.SplitSeq(numbers, ",") {
			device, err := Choose("cuda:"+number, len(gpus), variant)
			if err != nil {
				return nil, err
			}
			devices = append(devices, device)
		}
		return devices, nil
	}
	device, err := Choose(name, len(gpus), variant)
	if err != nil {
		return nil, err
	}
	return []Device{device}, nil
}
