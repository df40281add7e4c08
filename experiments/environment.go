package experiments

import (
	"runtime"

	"github.com/klauspost/cpuid/v2"
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

func newEnvironment(device string, threads int, precision string, program Build, engine EngineInfo) Environment {
	return Environment{
		Format: ResultFormat, Program: program,
		CPU:    CPU{Model: cpuid.CPU.BrandName, Cores: runtime.GOMAXPROCS(0), BF16: CPUBF16()},
		Device: device, Threads: threads, Precision: precision, Engine: engine,
	}
}
