package store

import (
	"slices"
	"strings"

	"backfire/internal/hardware"
)

// The kinds of device that a Machine distinguishes.
const (
	kindCPU  = "cpu"
	kindCUDA = "cuda"
)

// Machine is everything that the bits of a training depend on beside its cell. A training that began on one
// machine and was continued on another would be neither's, so a checkpoint holds the Machine that wrote it.
type Machine struct {
	Engine  EngineInfo `json:"engine"`
	Device  string     `json:"device"`  // its kind: cpu or cuda
	Threads int        `json:"threads"` // of the CPU
	// BF16 names the CPU's instructions for bfloat16. It is set only if they decide the bits: on a CPU, in
	// bf16.
	BF16 string `json:"bf16,omitempty"`
	// CPUModel is the processor's model on a CPU, and empty on a GPU. Checkpoints of older versions lack it.
	CPUModel string `json:"cpu_model,omitempty"`
	// GPU is the name of the GPU that is used, and empty on a CPU. Checkpoints of older versions lack it.
	GPU string `json:"gpu,omitempty"`
	// Portable reports that only the engine's own kernels compute: on a CPU in fp32, unless the cell asks for
	// direct kernels or has a network that they do not know. Of all that is above, the engine's name and the generation of its kernels alone decide the
	// bits then.
	Portable bool `json:"portable,omitempty"`
}

// portableKernels is the first generation of the engine's own kernels that computes whole trainings and
// predictions, with the same bits on every processor and with any number of threads.
const portableKernels = 2

// Machine returns the part of the environment that the bits of a training depend on.
func (e Environment) Machine() Machine {
	kind, number := resolveDevice(e.Device, len(e.Engine.GPUs))
	m := Machine{Engine: e.Engine, Device: kind, Threads: e.Threads}
	switch {
	case kind == kindCPU:
		m.CPUModel = e.CPU.Model
		if e.Precision == hardware.BF16 {
			m.BF16 = e.CPU.BF16
		}
		m.Portable = (e.Precision == hardware.FP32 || e.Precision == "") && e.Kernels == "" && !e.Foreign && e.Engine.Kernels >= portableKernels
	case number < len(e.Engine.GPUs):
		m.GPU = e.Engine.GPUs[number]
	}
	return m
}

// resolveDevice returns the kind of a device and its number, given its name and the number of visible GPUs. A
// name that is none of hardware.Choose's is its own kind.
func resolveDevice(name string, gpus int) (kind string, number int) {
	device, err := hardware.Choose(name, gpus, "")
	switch {
	case err != nil:
		kind, _, _ = strings.Cut(name, ":")
		return kind, gpus
	case device == hardware.CPU:
		return kindCPU, 0
	default:
		return kindCUDA, int(device)
	}
}

// SameBits reports whether the same cell is trained to the same bits on both machines: where both are portable,
// by the same generation of kernels, or otherwise if neither is and they are of the same kind.
func (m Machine) SameBits(other Machine) bool {
	if m.Portable && other.Portable {
		return m.Engine.Name == other.Engine.Name && m.Engine.Kernels == other.Engine.Kernels
	}
	return m.Portable == other.Portable && m.SameKind(other)
}

// SameKind reports whether both machines are of one kind, on which trainings are as fast as each other and which
// libtorch computes alike on. It compares the engine's name, version, variant and CPU capability, the generation
// of its kernels, on a GPU that of its arithmetic there, the environment variables that may change bits, the kind of device, the threads, the instructions for bfloat16 if they decide, and the models
// of the CPU or of the GPU that was used.
//
// A model of a CPU or GPU that one of the two lacks is not compared, so that a checkpoint of an older version
// compares as it did then: by the other fields, and on a GPU by the names of all visible GPUs.
func (m Machine) SameKind(other Machine) bool {
	a, b := m.Engine, other.Engine
	if a.Name != b.Name || a.Version != b.Version || a.Variant != b.Variant || a.CPUCapability != b.CPUCapability || a.Kernels != b.Kernels {
		return false
	}
	if !slices.Equal(a.Arithmetic, b.Arithmetic) {
		return false
	}
	if m.Device != other.Device || m.Threads != other.Threads || m.BF16 != other.BF16 {
		return false
	}
	if m.Device != kindCPU && a.GPUKernels != b.GPUKernels {
		return false
	}
	if m.Device == kindCPU {
		return m.CPUModel == other.CPUModel || m.CPUModel == "" || other.CPUModel == ""
	}
	if m.GPU == "" || other.GPU == "" {
		return slices.Equal(a.GPUs, b.GPUs)
	}
	return m.GPU == other.GPU
}
