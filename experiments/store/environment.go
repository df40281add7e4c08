package store

import (
	"bytes"
	"encoding/json"
	"runtime"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"

	"backfire/internal/hardware"
)

// Environment is what a cell was trained with and on, as EnvironmentFile holds
// it.
type Environment struct {
	Format  int    `json:"format"`
	Program Build  `json:"program"`
	CPU     CPU    `json:"cpu"`
	Device  string `json:"device"`  // as asked for: auto, cpu, cuda or cuda:K
	Threads int    `json:"threads"` // of the CPU, for this training
	// Precision is the cell's; empty in what older programs stored: fp32.
	Precision string     `json:"precision,omitempty"`
	Engine    EngineInfo `json:"engine"`
}

// Build identifies the program, as the caller of a Worker knows it.
type Build struct {
	Version string `json:"version"` // release, or "dev"
	Commit  string `json:"commit"`  // revision of the source; empty if unknown
	Go      string `json:"go"`      // toolchain and platform
}

// String is the build in one line.
func (b Build) String() string {
	text := "backfire " + b.Version
	if b.Commit != "" {
		text += " (" + b.Commit + ")"
	}
	return text + ", " + b.Go
}

// CPU describes the processor.
type CPU struct {
	Model string `json:"model"`
	Cores int    `json:"cores"` // that this process may use
	// BF16 names its instructions for bfloat16, see CPUBF16; empty: none, or not
	// known.
	BF16 string `json:"bf16,omitempty"`
}

func NewEnvironment(device string, threads int, precision string, program Build, engine EngineInfo) Environment {
	return Environment{
		Format: ResultFormat, Program: program,
		CPU:    CPU{Model: cpuid.CPU.BrandName, Cores: runtime.GOMAXPROCS(0), BF16: CPUBF16()},
		Device: device, Threads: threads, Precision: precision, Engine: engine,
	}
}

// maker is what the bits of a training depend on beside its cell. A training
// that began on one kind of machine and went on on another would be neither's.
type Machine struct {
	Engine  EngineInfo `json:"engine"`
	Device  string     `json:"device"`  // cpu or cuda, whichever number
	Threads int        `json:"threads"` // of the CPU
	// BF16 is the CPU's instructions for bfloat16 where they decide the bits.
	BF16 string `json:"bf16,omitempty"`
}

func NewMachine(device string, threads int, precision string, engine EngineInfo) Machine {
	device, _, _ = strings.Cut(device, ":")
	m := Machine{Engine: engine, Device: device, Threads: threads}
	if device == "cpu" && precision == hardware.BF16 {
		m.BF16 = CPUBF16()
	}
	return m
}

// equal says whether two makers give the same bits.
func (m Machine) SameBits(other Machine) bool {
	a, errA := json.Marshal(m)
	b, errB := json.Marshal(other)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// EngineInfo describes an engine: versions, instruction set and devices.
type EngineInfo struct {
	Name          string   `json:"name"`           // libtorch
	Version       string   `json:"version"`        // such as 2.11.0
	Variant       string   `json:"variant"`        // what is linked of it: cpu or cuda
	CPUCapability string   `json:"cpu_capability"` // instruction set of the kernels: DEFAULT, AVX2, AVX512
	GPUs          []string `json:"gpus"`           // names, in the order of the device numbers
}

// EngineOf describes the engine on libtorch, given what libtorch says of itself.
func EngineOf(env hardware.Env) EngineInfo {
	info := EngineInfo{Name: "libtorch", Version: env.Version, Variant: env.Variant, CPUCapability: env.CPUCapability, GPUs: []string{}}
	for _, gpu := range env.GPUs {
		info.GPUs = append(info.GPUs, gpu.Name)
	}
	return info
}

// CPUBF16 names this CPU's fastest instructions for bfloat16: amx, avx512_bf16, or
// empty where it has none.
func CPUBF16() string {
	switch {
	case cpuid.CPU.Supports(cpuid.AMXTILE, cpuid.AMXBF16):
		return "amx"
	case cpuid.CPU.Supports(cpuid.AVX512BF16):
		return "avx512_bf16"
	default:
		return ""
	}
}

// sameKind says whether the same model gives the same bits in both environments.
func (e Environment) SameKind(other Environment) bool {
	kind := func(device string) string { name, _, _ := strings.Cut(device, ":"); return name }
	if kind(e.Device) != kind(other.Device) || e.Engine.Name != other.Engine.Name || e.Engine.Version != other.Engine.Version {
		return false
	}
	if kind(e.Device) == "cpu" {
		return e.CPU.Model == other.CPU.Model && e.Engine.CPUCapability == other.Engine.CPUCapability && e.Threads == other.Threads &&
			(e.Precision != hardware.BF16 || e.CPU.BF16 == other.CPU.BF16)
	}
	return slices.Equal(e.Engine.GPUs, other.Engine.GPUs)
}
