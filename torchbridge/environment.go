package torchbridge

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"

	"backfire/internal/hardware"
)

// #include <stdlib.h>
// #include "shim.h"
import "C"

// KernelGeneration numbers the arithmetic of this package's own kernels. It rises when a
// change of theirs changes the bits of a training, so that one that began before is not
// resumed and stored models are compared with a tolerance for another machine.
//   - 0: direct convolutions.
//   - 1: Winograd's algorithm for 3x3 convolutions of stride 1.
//   - 2: whole steps and predictions by the package's own kernels (on a CPU in fp32,
//     unless with KernelsDirect), with the same bits on every processor.
const KernelGeneration = 2

// GPUKernelGeneration numbers the arithmetic of trainings on GPUs, as KernelGeneration does
// that of CPUs.
//   - 0: normalisation by cuDNN's kernels in fp32 and tf32.
//   - 1: normalisation by libtorch's own kernels in every precision.
//   - 2: normalisation, addition, ReLU and SGD by the package's own kernels, in bf16 with one
//     rounding where libtorch has two.
//
// Where the package's own kernels do not work on a GPU, trainings there are of generation
// GPUKernelsOfLibtorch; see EnvironmentOn.
const GPUKernelGeneration = 2

// GPUKernelsOfLibtorch is the generation of trainings on GPUs by libtorch's kernels.
const GPUKernelsOfLibtorch = 1

// Environment asks libtorch about itself and its devices.
func Environment() (hardware.Env, error) {
	env := hardware.Env{
		Threads: int(C.bf_get_num_threads()),
		Kernels: KernelGeneration,

		GPUKernels: GPUKernelGeneration,
		GPUs:       []hardware.GPU{},

		Arithmetic: hardware.Arithmetic(os.Environ()),
	}
	if err := describeLoaded(&env); err != nil {
		return env, err
	}
	var capability *C.char
	if err := shimError(C.bf_cpu_capability(&capability)); err != nil {
		return env, fmt.Errorf("torchbridge: CPU capability: %w", err)
	}
	env.CPUCapability = C.GoString(capability)
	C.free(unsafe.Pointer(capability))
	for i := range cudaDevices() {
		var name *C.char
		var memory C.int64_t
		var compute C.int
		if err := shimError(C.bf_cuda_device(C.int(i), &name, &memory, &compute)); err != nil {
			return env, fmt.Errorf("torchbridge: CUDA device %d: %w", i, err)
		}
		env.GPUs = append(env.GPUs, hardware.GPU{Name: C.GoString(name), Memory: int64(memory), Compute: int(compute)})
		C.free(unsafe.Pointer(name))
	}
	return env, nil
}

// EnvironmentOn asks libtorch about itself and its devices, as this process trains on a device
// (auto, cpu, cuda or cuda:K). On a GPU the first call compiles the package's own kernels, unless
// the user's cache has them, and compares them with libtorch's operations. If they do not work
// there, the generation of the GPU's kernels is GPUKernelsOfLibtorch. The error wraps ErrMemory if
// the GPU has no room for that.
func EnvironmentOn(device string) (hardware.Env, error) {
	env, err := Environment()
	if err != nil {
		return env, err
	}
	chosen, err := hardware.Choose(device, len(env.GPUs), env.Variant)
	if err != nil || chosen == hardware.CPU {
		return env, nil //nolint:nilerr // a training will say what is wrong with the device
	}
	_, err = fusedOn(cDevice(chosen))
	if errors.Is(err, ErrMemory) {
		return env, err
	}
	if err != nil {
		env.GPUKernels = GPUKernelsOfLibtorch
	}
	return env, nil
}

// cudaLibrary lies beside libtorch_cpu.so in a libtorch with CUDA.
const cudaLibrary = "libtorch_cuda.so"

// versionSetting stands before the version in the settings of a libtorch, of which commas divide one from another.
const versionSetting = " TORCH_VERSION="

// describeLoaded sets the fields about the libtorch that this process has loaded, which may be another one
// than it was linked with.
func describeLoaded(env *hardware.Env) error {
	var file, settings *C.char
	if err := shimError(C.bf_libtorch_file(&file)); err != nil {
		return fmt.Errorf("torchbridge: loaded libtorch: %w", err)
	}
	defer C.free(unsafe.Pointer(file))
	if err := shimError(C.bf_libtorch_settings(&settings)); err != nil {
		return fmt.Errorf("torchbridge: loaded libtorch: %w", err)
	}
	defer C.free(unsafe.Pointer(settings))
	env.Version = C.GoString(C.bf_libtorch_version()) // of the headers
	if _, after, ok := strings.Cut(C.GoString(settings), versionSetting); ok {
		env.Version, _, _ = strings.Cut(after, ",")
	}
	lib, err := filepath.Abs(filepath.Dir(C.GoString(file)))
	if err != nil {
		return fmt.Errorf("torchbridge: loaded libtorch: %w", err)
	}
	env.Directory, env.Variant = filepath.Dir(lib), hardware.VariantCPU
	if _, err := os.Stat(filepath.Join(lib, cudaLibrary)); err == nil {
		env.Variant = hardware.VariantCUDA
	}
	if env.Variant != LibtorchVariant {
		env.Linked = LibtorchVariant
	}
	return nil
}

// setThreads sets how many threads one operation uses, for the whole process;
// 0 leaves libtorch's choice.
func setThreads(n int) error {
	if n == 0 {
		return nil
	}
	if err := shimError(C.bf_set_num_threads(C.int(n))); err != nil {
		return fmt.Errorf("torchbridge: set %d threads: %w", n, err)
	}
	return nil
}

// prepareProcess sets, once, what libtorch keeps per process: kernels that give
// the same result every time, and an allocator that keeps memory.
var prepareProcess = sync.OnceValue(func() error {
	C.bf_keep_memory()
	if err := shimError(C.bf_set_reproducible()); err != nil {
		return fmt.Errorf("torchbridge: reproducible kernels: %w", err)
	}
	return nil
})
