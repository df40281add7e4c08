package store_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/hardware"
)

// environment returns the description of a training on a made-up machine.
func environment(device string) store.Environment {
	return store.Environment{
		Device: device, Threads: 2, CPU: store.CPU{Model: "a", BF16: "amx"},
		Engine: store.EngineInfo{Name: "libtorch", Version: "2.11.0", Variant: "cuda", CPUCapability: "AVX2", GPUs: []string{"x", "x", "y"}},
	}
}

func TestSameBits(t *testing.T) {
	for name, change := range map[string]func(e *store.Environment){
		"engine":         func(e *store.Environment) { e.Engine.Name = "other" },
		"version":        func(e *store.Environment) { e.Engine.Version = "3" },
		"variant":        func(e *store.Environment) { e.Engine.Variant = "cpu" },
		"variables":      func(e *store.Environment) { e.Engine.Arithmetic = []string{"MKL_CBWR=AVX2"} },
		"CPU capability": func(e *store.Environment) { e.Engine.CPUCapability = "AVX512" },
		"threads":        func(e *store.Environment) { e.Threads = 1 },
		"device":         func(e *store.Environment) { e.Device = "cuda:0" },
		"CPU model":      func(e *store.Environment) { e.CPU.Model = "b" },
	} {
		one, other := environment("cpu"), environment("cpu")
		change(&other)
		require.True(t, one.Machine().SameBits(one.Machine()), name)
		require.False(t, one.Machine().SameBits(other.Machine()), name)
		require.False(t, other.Machine().SameBits(one.Machine()), name)
	}
}

func TestSameBitsIgnoresWhatDoesNotDecide(t *testing.T) {
	for name, change := range map[string]func(e *store.Environment){
		"program":              func(e *store.Environment) { e.Program.Version = "2" },
		"cores":                func(e *store.Environment) { e.CPU.Cores = 3 },
		"GPUs beside a CPU":    func(e *store.Environment) { e.Engine.GPUs = nil },
		"bfloat16 in fp32":     func(e *store.Environment) { e.CPU.BF16 = "" },
		"name of the same CPU": func(e *store.Environment) { e.Device, e.Engine.GPUs = "auto", nil },
	} {
		one, other := environment("cpu"), environment("cpu")
		change(&other)
		require.True(t, one.Machine().SameBits(other.Machine()), name)
	}
}

// The GPU that is used decides, not the others that are visible, nor its number, nor the CPU beside it.
func TestSameBitsOnGPUs(t *testing.T) {
	first := environment("cuda:0").Machine()
	require.Equal(t, "x", first.GPU)
	for device, same := range map[string]bool{"cuda:0": true, "cuda:1": true, "cuda": true, "auto": true, "cuda:2": false} {
		other := environment(device)
		other.CPU.Model = "b"
		require.Equal(t, same, first.SameBits(other.Machine()), device)
	}
	older := environment("cuda:0")
	older.Engine.GPUKernels = 1
	require.False(t, first.SameBits(older.Machine()), "another arithmetic on GPUs")
	older.Device = "cpu"
	require.True(t, environment("cpu").Machine().SameBits(older.Machine()), "on a CPU it does not count")
	fewer := environment("cuda:0")
	fewer.Engine.GPUs = fewer.Engine.GPUs[:1]
	require.True(t, first.SameBits(fewer.Machine()))
}

// Where the engine's own kernels compute alone, neither the processor nor libtorch nor the number of threads
// decides.
func TestPortableMachines(t *testing.T) {
	portable := environment("cpu")
	portable.Precision, portable.Engine.Kernels = hardware.FP32, 2
	for name, change := range map[string]func(e *store.Environment){
		"version":        func(e *store.Environment) { e.Engine.Version = "3" },
		"variant":        func(e *store.Environment) { e.Engine.Variant = "cpu" },
		"CPU capability": func(e *store.Environment) { e.Engine.CPUCapability = "AVX512" },
		"threads":        func(e *store.Environment) { e.Threads = 1 },
		"CPU model":      func(e *store.Environment) { e.CPU.Model = "b" },
	} {
		other := portable
		change(&other)
		require.True(t, portable.Machine().SameBits(other.Machine()), name)
		require.True(t, other.Machine().SameBits(portable.Machine()), name)
		require.False(t, portable.Machine().SameKind(other.Machine()), name)
	}
	for name, change := range map[string]func(e *store.Environment){
		"engine":     func(e *store.Environment) { e.Engine.Name = "other" },
		"generation": func(e *store.Environment) { e.Engine.Kernels = 3 },
		"older":      func(e *store.Environment) { e.Engine.Kernels = 1 },
		"direct":     func(e *store.Environment) { e.Kernels = "direct" },
		"network":    func(e *store.Environment) { e.Foreign = true },
		"bf16":       func(e *store.Environment) { e.Precision = hardware.BF16 },
		"device":     func(e *store.Environment) { e.Device = "cuda:0" },
	} {
		other := portable
		change(&other)
		require.False(t, portable.Machine().SameBits(other.Machine()), name)
		require.False(t, other.Machine().SameBits(portable.Machine()), name)
	}
	direct, elsewhere := portable, portable
	direct.Kernels, elsewhere.Kernels, elsewhere.CPU.Model = "direct", "direct", "b"
	require.True(t, direct.Machine().SameBits(direct.Machine()))
	require.False(t, direct.Machine().SameBits(elsewhere.Machine()), "libtorch's graph computes these")
}

func TestInstructionsForBF16Decide(t *testing.T) {
	one := environment("cpu")
	one.Precision = hardware.BF16
	other := one
	other.CPU.BF16 = "avx512_bf16"
	require.Equal(t, "amx", one.Machine().BF16)
	require.False(t, one.Machine().SameBits(other.Machine()))
	one.Device, other.Device = "cuda:0", "cuda:0"
	require.Empty(t, one.Machine().BF16)
	require.True(t, one.Machine().SameBits(other.Machine()))
}

// Checkpoints of older versions have neither the CPU's model nor the name of the GPU that was used. They compare
// as they did then.
func TestMachineOfAnOlderCheckpoint(t *testing.T) {
	for _, tc := range []struct {
		name, old string
		here      store.Environment
		same      bool
	}{
		{"CPU", `{"engine":{"name":"libtorch","version":"2.11.0","variant":"cuda","cpu_capability":"AVX2","gpus":[]},"device":"cpu","threads":2}`, environment("cpu"), true},
		{"other threads", `{"engine":{"name":"libtorch","version":"2.11.0","variant":"cuda","cpu_capability":"AVX2","gpus":[]},"device":"cpu","threads":1}`, environment("cpu"), false},
		{"GPU", `{"engine":{"name":"libtorch","version":"2.11.0","variant":"cuda","cpu_capability":"AVX2","gpus":["x","x","y"]},"device":"cuda","threads":2}`, environment("cuda:1"), true},
		{"other GPUs", `{"engine":{"name":"libtorch","version":"2.11.0","variant":"cuda","cpu_capability":"AVX2","gpus":["x"]},"device":"cuda","threads":2}`, environment("cuda:1"), false},
	} {
		var old store.Machine
		require.NoError(t, json.Unmarshal([]byte(tc.old), &old), tc.name)
		require.Equal(t, tc.same, tc.here.Machine().SameBits(old), tc.name)
		require.Equal(t, tc.same, old.SameBits(tc.here.Machine()), tc.name)
	}
}
