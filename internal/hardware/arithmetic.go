package hardware

import (
	"slices"
	"strings"
)

// cleared are the beginnings of the names of variables that the engine does not get: they
// divide sums among threads, whose number is a setting of backfire's own.
var cleared = []string{"OMP_", "GOMP_", "KMP_", "LIBOMP_", "OPENMP_"}

// threadCounts are the ends of the names of variables of other libraries that do the same.
var threadCounts = []string{"_NUM_THREADS", "_DYNAMIC", "_DOMAIN_NUM_THREADS", "_THREADING_LAYER", "_NUM_STRIPES"}

// deciding are the beginnings of the names of variables that choose the kernels of libtorch
// and of the libraries that it computes with, or their precision, and so may change bits.
var deciding = []string{
	"ATEN_", "TORCH_", "PYTORCH_", // libtorch
	"MKL_", "MKLDNN_", "ONEDNN_", "DNNL_", "OPENBLAS_", "BLIS_", "ARM_COMPUTE_", "NNPACK_", "QNNPACK_", "XNNPACK_", "FBGEMM_", "SLEEF_", // on a CPU
	"NVIDIA_TF32_", "CUBLAS_", "CUBLASLT_", "CUDNN_", "CUSOLVER_", "CUSPARSE_", "CUSPARSELT_", "CUFFT_", "CURAND_", "CUTLASS_", "CUDA_", "NVFUSER_", "NVRTC_", "TRITON_", // on a GPU
	"LD_PRELOAD", "GLIBC_TUNABLES", // functions in place of a library's, and the variants of the C library's
}

// The names of deciding variables that change no bits: what is reported, where files lie,
// versions, what is visible, and memory. neutralNames are whole names, the others their
// beginnings and ends.
var (
	neutralBeginnings = []string{"TORCH_NCCL_", "TORCH_GLOO_", "TORCH_DISTRIBUTED_", "TORCH_FR_", "CUDA_MPS_", "CUDA_CACHE_", "CUDA_PATH_"}
	neutralEnds       = []string{
		"_VERBOSE", "_VERBOSE_TIMESTAMP", "_VERBOSE_OUTPUT_FILE", "_LOGS", "_LOG", "_LOG_LEVEL", "_LOG_FILE", "_LOG_MASK", "_LOG_PATH", "_LOGINFO_DBG", "_LOGDEST_DBG",
		"_LOGLEVEL_DBG", "_STACKTRACES", "_PROFILE", "_JIT_DUMP", "_HOME", "_ROOT", "_DIR", "_PATH", "_VERSION", "_LIST", "_BUILD_NUMBER", "_ALLOC_CONF",
	}
	neutralNames = []string{
		"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_LAUNCH_BLOCKING", "CUDA_MODULE_LOADING", "CUDA_DEVICE_MAX_CONNECTIONS",
		"CUDA_BIN", "CUDA_INC", "CUDA_LIB", "CUDA_INCLUDE", "CUDA_TOOLKIT", "CUDA_NVCC_EXECUTABLE",
	}
)

// isServiceLink reports whether a variable is one of those that Kubernetes and Docker set
// for a service, here one with the name of a library: NAME_SERVICE_HOST,
// NAME_SERVICE_PORT_HTTP, NAME_PORT, NAME_PORT_80_TCP_ADDR.
func isServiceLink(name string) bool {
	if strings.HasSuffix(name, "_SERVICE_HOST") || strings.HasSuffix(name, "_PORT") || strings.Contains(name, "_SERVICE_PORT_") {
		return true
	}
	_, rest, linked := strings.Cut(name, "_PORT_")
	number, protocol, numbered := strings.Cut(rest, "_")
	protocol, _, _ = strings.Cut(protocol, "_")
	return linked && numbered && number != "" && strings.Trim(number, "0123456789") == "" && slices.Contains([]string{"TCP", "UDP", "SCTP"}, protocol)
}

// isDeciding reports whether the value of a variable may change bits.
func isDeciding(name string) bool {
	neutral := hasPrefix(name, neutralBeginnings) || hasSuffix(name, neutralEnds) || slices.Contains(neutralNames, name) || isServiceLink(name)
	return hasPrefix(name, deciding) && !isCleared(name) && !neutral
}

// tunableOfCPU begins the settings of GLIBC_TUNABLES that choose variants of functions by
// the processor. The others are about memory and change no bits.
const tunableOfCPU = "glibc.cpu."

// EngineEnviron returns the environment of an engine: that of this process without the
// variables that only divide sums among threads. The engine records those that are left
// and may change bits, see [Arithmetic].
func EngineEnviron(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return isCleared(name)
	})
}

// isCleared reports whether the engine does not get a variable.
func isCleared(name string) bool {
	return hasPrefix(name, cleared) || hasPrefix(name, deciding) && hasSuffix(name, threadCounts)
}

// Arithmetic returns those environment variables, each "NAME=value", that may change the
// bits of a training, sorted by name. A variable that is set to nothing is left out; of
// several with one name the last one counts, as in a process. Which variables these are
// is decided by their names' beginnings, so that a variable of a later version is
// recorded, too, before it is known here.
func Arithmetic(environ []string) []string {
	values := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if isDeciding(name) {
			values[name] = value
		}
	}
	if tunables := values["GLIBC_TUNABLES"]; tunables != "" {
		values["GLIBC_TUNABLES"] = strings.Join(slices.DeleteFunc(strings.Split(tunables, ":"), func(setting string) bool {
			return !strings.HasPrefix(setting, tunableOfCPU)
		}), ":")
	}
	var recorded []string
	for name, value := range values {
		if value != "" {
			recorded = append(recorded, name+"="+value)
		}
	}
	slices.Sort(recorded)
	return recorded
}

// hasPrefix reports whether a name begins with one of some beginnings.
func hasPrefix(name string, beginnings []string) bool {
	return slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(name, b) })
}

// hasSuffix reports whether a name ends with one of some ends.
func hasSuffix(name string, ends []string) bool {
	return slices.ContainsFunc(ends, func(e string) bool { return strings.HasSuffix(name, e) })
}
