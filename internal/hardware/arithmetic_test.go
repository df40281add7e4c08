package hardware_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/internal/hardware"
)

func TestArithmetic(t *testing.T) {
	for _, entry := range []string{
		"MKL_CBWR=AVX2", "MKL_ENABLE_INSTRUCTIONS=AVX2", "MKL_DEBUG_CPU_TYPE=5", "MKL_VML_MODE=EP", "ONEDNN_MAX_CPU_ISA=AVX2", "ONEDNN_DEFAULT_FPMATH_MODE=BF16",
		"DNNL_MAX_CPU_ISA=SSE41", "DNNL_DEFAULT_FPMATH_MODE=any", "ONEDNN_CPU_ISA_HINTS=PREFER_YMM", "ATEN_CPU_CAPABILITY=avx2", "NVIDIA_TF32_OVERRIDE=1",
		"TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=1", "TORCH_BLAS_PREFER_CUBLASLT=1", "TORCH_CUDNN_USE_HEURISTIC_MODE_B=1", "TORCH_MKLDNN_MATMUL_MIN_DIM=3",
		"CUBLAS_WORKSPACE_CONFIG=:16:8", "CUBLASLT_HEURISTICS_CACHE_CAPACITY=0", "CUDNN_CONV_WSCAP_DBG=10", "CUDA_FORCE_PTX_JIT=1", "OPENBLAS_CORETYPE=Haswell",
		"PYTORCH_TENSOREXPR_FALLBACK=2", "LD_PRELOAD=/opt/libfakeintel.so", "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2_Usable",
	} {
		require.Equal(t, []string{entry}, hardware.Arithmetic([]string{"HOME=/a", entry, "PATH=/b"}), entry)
		require.Contains(t, hardware.EngineEnviron([]string{entry}), entry, "what is recorded is in force")
	}
	for _, entry := range []string{
		"PATH=/b", "MKLROOT=/opt/mkl", "MKL_VERBOSE=1", "ONEDNN_VERBOSE=all", "DNNL_VERBOSE=2", "TORCH_HOME=/c", "CUDA_HOME=/d", "CUDA_PATH_V13_0=/d", "CUDNN_VERSION=9",
		"CUDA_VISIBLE_DEVICES=1", "CUDA_LAUNCH_BLOCKING=1", "NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=compute", "TORCH_CUDA_ARCH_LIST=9.0",
		"PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True", "TORCH_NCCL_ASYNC_ERROR_HANDLING=1", "TORCH_LOGS=all", "MKL_CBWR=", "GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
		"TORCH_SERVICE_HOST=10.0.0.7", "TORCH_PORT=tcp://10.0.0.7:80", "TORCH_PORT_80_TCP_ADDR=10.0.0.7", "TORCH_SERVICE_PORT_HTTP=80", "OMPI_COMM_WORLD_RANK=0",
		"CUDA_MPS_PIPE_DIRECTORY=/e", "CUDA_CACHE_PATH=/f",
	} {
		require.Empty(t, hardware.Arithmetic([]string{entry}), entry)
		require.Contains(t, hardware.EngineEnviron([]string{entry}), entry)
	}
	for _, entry := range []string{
		"OMP_NUM_THREADS=4", "OMP_DYNAMIC=true", "OMP_SCHEDULE=dynamic", "OMP_THREAD_LIMIT=1", "KMP_AFFINITY=none", "KMP_DETERMINISTIC_REDUCTION=1", "GOMP_CPU_AFFINITY=0",
		"MKL_NUM_THREADS=4", "MKL_DYNAMIC=FALSE", "MKL_DOMAIN_NUM_THREADS=MKL_ALL=1", "MKL_NUM_STRIPES=2", "OPENBLAS_NUM_THREADS=4", "BLIS_NUM_THREADS=2", "MKL_THREADING_LAYER=GNU",
	} {
		require.Empty(t, hardware.Arithmetic([]string{entry}), entry)
		require.Empty(t, hardware.EngineEnviron([]string{entry}), entry)
	}
	require.Equal(t, []string{"GLIBC_TUNABLES=glibc.cpu.a=1:glibc.cpu.b=2", "MKL_CBWR=b"},
		hardware.Arithmetic([]string{"MKL_CBWR=a", "GLIBC_TUNABLES=glibc.malloc.x=1:glibc.cpu.a=1:glibc.cpu.b=2", "MKL_CBWR=b"}), "the last value counts")
	require.Empty(t, hardware.Arithmetic([]string{"MKL_CBWR=a", "MKL_CBWR="}))
}

// Whatever the variables, those that are recorded do not depend on the order of others,
// and clearing changes none of them.
func TestArithmeticIsClosed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.Custom(func(t *rapid.T) string {
			return rapid.SampledFrom([]string{"MKL_", "ONEDNN_", "DNNL_", "TORCH_", "CUBLAS_", "CUDNN_", "ATEN_", "OMP_", "KMP_", "HOME_", ""}).Draw(t, "beginning") +
				rapid.StringMatching(`[A-Z]{1,8}(_[A-Z]{1,8})?`).Draw(t, "name")
		})
		var environ []string
		for _, n := range rapid.SliceOfDistinct(name, rapid.ID[string]).Draw(t, "names") {
			environ = append(environ, n+"="+rapid.StringN(0, 5, -1).Draw(t, "value"))
		}
		recorded := hardware.Arithmetic(environ)
		require.True(t, slices.IsSorted(recorded))
		require.Equal(t, recorded, hardware.Arithmetic(hardware.EngineEnviron(environ)))
		require.Equal(t, recorded, hardware.Arithmetic(rapid.Permutation(environ).Draw(t, "order")))
		for _, entry := range hardware.EngineEnviron(environ) {
			require.False(t, strings.HasPrefix(entry, "OMP_") || strings.HasPrefix(entry, "KMP_"))
		}
	})
}
