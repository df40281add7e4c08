#include "shim_internal.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <torch/version.h>

#include <climits>
#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#if BACKFIRE_CUDA
#include <cuda_runtime_api.h>
#endif

using namespace backfire;
void bf_free_message(char *message) { std::free(message); }

char *bf_set_num_threads(int threads) {
  return guarded([&] { at::set_num_threads(threads); });
}

int bf_get_num_threads(void) { return at::get_num_threads(); }

void bf_keep_memory(void) {
#ifdef __GLIBC__
  // 32 MiB is the largest threshold that glibc takes; larger blocks stay mapped
  // one by one.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

char *bf_set_reproducible(void) {
  return guarded([] {
    auto &context = at::globalContext();
    context.setDeterministicCuDNN(true);
    context.setBenchmarkCuDNN(false);
  });
}

char *bf_set_tf32(int on) {
  return guarded([&] {
    auto &context = at::globalContext();
    context.setAllowTF32CuDNN(on != 0);
    context.setAllowTF32CuBLAS(on != 0);
  });
}

char *bf_bf16_begin(int cuda) {
  return guarded([&] {
    auto device = cuda ? at::kCUDA : at::kCPU;
    at::autocast::set_autocast_dtype(device, at::kBFloat16);
    at::autocast::set_autocast_enabled(device, true);
    at::autocast::increment_nesting();
  });
}

void bf_bf16_end(int cuda) {
  at::autocast::decrement_nesting();
  at::autocast::set_autocast_enabled(cuda ? at::kCUDA : at::kCPU, false);
  at::autocast::clear_cache(); // the weights are about to change
}

char *bf_channels_last(void *tensor, void **out) {
  return guarded([&] {
    auto &given = tensor_of(tensor);
    // contiguous() would leave the strides of images of one channel, which suit
    // both orders, and a convolution could not tell which is meant.
    auto ordered = at::empty_like(given, at::MemoryFormat::ChannelsLast);
    *out = handle_of(ordered.copy_(given));
  });
}

char *bf_write(void *tensor, const void *values, int64_t bytes) {
  return guarded([&] {
    auto &target = tensor_of(tensor);
    TORCH_CHECK(static_cast<int64_t>(target.nbytes()) == bytes, bytes,
                " bytes for a tensor of ", target.nbytes());
    // Pinned memory is taken again only when the copy from it is done.
    auto host =
        target.is_cpu()
            ? target
            : at::empty(target.sizes(),
                        target.options().device(at::kCPU).pinned_memory(true));
    TORCH_CHECK(host.is_contiguous(), "the tensor has gaps");
    std::memcpy(host.data_ptr(), values, static_cast<size_t>(bytes));
    if (!target.is_cpu())
      target.copy_(host, /*non_blocking=*/true);
  });
}

const char *bf_libtorch_version(void) { return TORCH_VERSION; }

char *bf_cpu_capability(char **out) {
  return guarded([&] { *out = strdup(at::get_cpu_capability().c_str()); });
}

char *bf_cuda_device(int index, char **name, int64_t *memory, int *compute) {
  return guarded([&] {
#if BACKFIRE_CUDA
    cudaDeviceProp properties;
    auto status = cudaGetDeviceProperties(&properties, index);
    TORCH_CHECK(status == cudaSuccess, cudaGetErrorString(status));
    *name = strdup(properties.name);
    *memory = static_cast<int64_t>(properties.totalGlobalMem);
    *compute = 10 * properties.major + properties.minor;
#else
    (void)index, (void)name, (void)memory, (void)compute;
    TORCH_CHECK(false, "built against a libtorch without CUDA");
#endif
  });
}

#if BACKFIRE_CUDA
namespace {

// Throws what CUDA says, and has it forget that: libtorch would blame the next
// operation for it.
void must(cudaError_t status) {
  if (status == cudaSuccess)
    return;
  (void)cudaGetLastError();
  TORCH_CHECK(false, cudaGetErrorString(status));
}

} // namespace
#endif

char *bf_cuda_free_memory(int index, int64_t *memory) {
  return guarded([&] {
#if BACKFIRE_CUDA
    int mode = cudaComputeModeDefault;
    auto status = cudaDeviceGetAttribute(&mode, cudaDevAttrComputeMode, index);
    must(status);
    TORCH_CHECK(mode == cudaComputeModeDefault,
                "the device is kept for one process at a time");
    int before = 0;
    must(cudaGetDevice(&before));
    size_t free = 0, total = 0;
    status = cudaSetDevice(index);
    if (status == cudaSuccess)
      status = cudaMemGetInfo(&free, &total);
    cudaSetDevice(before);
    must(status);
    *memory = static_cast<int64_t>(free);
#else
    (void)index, (void)memory;
    TORCH_CHECK(false, "built against a libtorch without CUDA");
#endif
  });
}
