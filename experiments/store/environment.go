package store

import (
	"fmt"
	"runtime"

	"github.com/klauspost/cpuid/v2"

	"backfire/internal/disk"
	"backfire/internal/hardware"
	"backfire/internal/jsonfile"
)

// Environment describes the program and the machine that trained a cell, as EnvironmentFile holds it.
type Environment struct {
	Format  int    `json:"format"` // ResultFormat
	Program Build  `json:"program"`
	CPU     CPU    `json:"cpu"`
	Device  string `json:"device"`  // as requested: auto, cpu, cuda or cuda:K
	Threads int    `json:"threads"` // of the CPU, for this training
	// Precision is the cell's. It is empty, meaning fp32, in what older programs stored.
	Precision string `json:"precision,omitempty"`
	// Kernels is the cell's Training.Kernels: empty for kernels that are chosen by the shapes of the layers.
	Kernels string `json:"kernels,omitempty"`
	// Foreign reports that the cell's model is not computed by the engine's own kernels alone, whatever the device:
	// another network than theirs, or a program, see cell.Cell.Native.
	Foreign bool       `json:"foreign,omitempty"`
	Engine  EngineInfo `json:"engine"`
}

// maxThreads is the largest number of threads that an environment may name. Workers that ask a stored model start as
// many.
const maxThreads = 4096

// readEnvironment reads the environment in a directory. It follows no link.
func readEnvironment(dir disk.Dir) (Environment, error) {
	var e Environment
	if err := jsonfile.ReadIn(dir, EnvironmentFile, &e); err != nil {
		return Environment{}, err
	}
	if e.Threads < 0 || e.Threads > maxThreads {
		return Environment{}, fmt.Errorf("%s has %d threads: it must be 0 to %d", dir.Path(EnvironmentFile), e.Threads, maxThreads)
	}
	return e, nil
}

// Build identifies a program.
type Build struct {
	Version string `json:"version"` // release, or "dev"
	Commit  string `json:"commit"`  // revision of the source; empty if unknown
	Go      string `json:"go"`      // toolchain and platform
}

// String returns the build in one line.
func (b Build) String() string {
	text := "backfire " + b.Version
	if b.Commit != "" {
		text += " (" + b.Commit + ")"
	}
	return text + ", " + b.Go
}

// CPU describes a processor.
type CPU struct {
	Model string `json:"model"`
	Cores int    `json:"cores"` // that this process may use
	// BF16 names its instructions for bfloat16, see hardware.CPUBF16; empty: none, or not known.
	BF16 string `json:"bf16,omitempty"`
}

// NewEnvironment describes this process's machine and a training on it: on a device, with that many threads
// of the CPU, in a precision, by a program and an engine.
func NewEnvironment(device string, threads int, precision string, program Build, engine EngineInfo) Environment {
	return Environment{
		Format: ResultFormat, Program: program,
		CPU:    CPU{Model: cpuid.CPU.BrandName, Cores: runtime.GOMAXPROCS(0), BF16: hardware.CPUBF16()},
		Device: device, Threads: threads, Precision: precision, Engine: engine,
	}
}

// EngineInfo describes an engine: its versions, instruction set and devices.
type EngineInfo struct {
	Name          string `json:"name"`           // libtorch
	Version       string `json:"version"`        // such as 2.11.0
	Variant       string `json:"variant"`        // linked variant: cpu or cuda
	CPUCapability string `json:"cpu_capability"` // instruction set of the kernels: DEFAULT, AVX2, AVX512
	// Kernels is the generation of the engine's own kernels. It rises when a change of theirs
	// changes the bits of a training; 0 in the results of older versions. From portableKernels on
	// they give the same bits on every processor.
	Kernels int `json:"kernels,omitempty"`
	// GPUKernels is the generation of the engine's arithmetic on a GPU, likewise; 0 in the results
	// of older versions, and where no GPU is visible.
	GPUKernels int      `json:"gpu_kernels,omitempty"`
	GPUs       []string `json:"gpus"` // names, in the order of the device numbers
	// Arithmetic holds the environment variables, each "NAME=value" and sorted by name, that may
	// change the bits of a training, see hardware.Arithmetic; empty: none, or not known.
	Arithmetic []string `json:"arithmetic,omitempty"`
}

// EngineOf describes the engine on libtorch, given libtorch's description of itself.
func EngineOf(env hardware.Env) EngineInfo {
	info := EngineInfo{Name: "libtorch", Version: env.Version, Variant: env.Variant, CPUCapability: env.CPUCapability, Kernels: env.Kernels, GPUs: []string{}, Arithmetic: env.Arithmetic}
	if len(env.GPUs) > 0 {
		info.GPUKernels = env.GPUKernels
	}
	for _, gpu := range env.GPUs {
		info.GPUs = append(info.GPUs, gpu.Name)
	}
	return info
}
