#include "shim.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/grad_mode.h>
#include <torch/version.h>

#include <climits>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#if BACKFIRE_CUDA
#include <cuda_runtime_api.h>
#endif

namespace {

at::Tensor &tensor_of(void *handle) {
  return *static_cast<at::Tensor *>(handle);
}

void *handle_of(at::Tensor value) { return new at::Tensor(std::move(value)); }

std::vector<at::Tensor> list_of(void **handles, int count) {
  std::vector<at::Tensor> list;
  list.reserve(count);
  for (int i = 0; i < count; ++i)
    list.push_back(tensor_of(handles[i]));
  return list;
}

// Runs body and turns whatever it throws into a message.
template <class Body> char *guarded(Body &&body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const c10::Error &e) {
    return strdup(e.what_without_backtrace());
  } catch (const std::exception &e) {
    return strdup(e.what());
  } catch (...) {
    return strdup("unknown C++ exception");
  }
}

// The fused optimisers walk parameter and gradient as flat memory, so both must
// have the same strides; convolution backward may hand out another layout.
void match_layout(const std::vector<at::Tensor> &params,
                  std::vector<at::Tensor> &grads) {
  for (size_t i = 0; i < params.size(); ++i)
    if (grads[i].strides() != params[i].strides())
      grads[i] = at::empty_like(params[i]).copy_(grads[i]);
}

} // namespace

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
    context.setAllowTF32CuDNN(false);
    context.setAllowTF32CuBLAS(false);
  });
}

char *bf_channels_last(void *tensor, void **out) {
  return guarded([&] {
    *out =
        handle_of(tensor_of(tensor).contiguous(at::MemoryFormat::ChannelsLast));
  });
}

char *bf_normalise(void *images, void *index, void *scale, void *shift,
                   int channels_last, void **out) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto batch = tensor_of(images);
    if (index)
      batch = batch.index_select(0, tensor_of(index));
    batch = batch.to(at::TensorOptions().dtype(at::kFloat), false, false,
                     channels_last ? at::MemoryFormat::ChannelsLast
                                   : at::MemoryFormat::Contiguous);
    *out = handle_of(batch.mul_(tensor_of(scale)).add_(tensor_of(shift)));
  });
}

char *bf_fused_sgd(void **params, void **grads, void **momentum_buffers,
                   int count, double lr, double momentum, double weight_decay,
                   int nesterov, int first) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto param_list = list_of(params, count);
    auto grad_list = list_of(grads, count);
    match_layout(param_list, grad_list);
    std::vector<at::Tensor> buffers;
    if (momentum != 0)
      buffers = list_of(momentum_buffers, count);
    at::_fused_sgd_(param_list, grad_list, buffers, weight_decay, momentum, lr,
                    /*dampening=*/0, nesterov != 0, /*maximize=*/false,
                    first != 0);
  });
}

char *bf_fused_adam(void **params, void **grads, void **exp_avgs,
                    void **exp_avg_sqs, void **steps, int count, double lr,
                    double beta1, double beta2, double eps, double weight_decay,
                    int decoupled) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto param_list = list_of(params, count);
    auto grad_list = list_of(grads, count);
    match_layout(param_list, grad_list);
    auto step_list = list_of(steps, count);
    at::_foreach_add_(step_list, 1);
    auto fused =
        decoupled ? static_cast<void (*)(
                        at::TensorList, at::TensorList, at::TensorList,
                        at::TensorList, at::TensorList, at::TensorList, double,
                        double, double, double, double, bool, bool,
                        const std::optional<at::Tensor> &,
                        const std::optional<at::Tensor> &)>(&at::_fused_adamw_)
                  : static_cast<void (*)(
                        at::TensorList, at::TensorList, at::TensorList,
                        at::TensorList, at::TensorList, at::TensorList, double,
                        double, double, double, double, bool, bool,
                        const std::optional<at::Tensor> &,
                        const std::optional<at::Tensor> &)>(&at::_fused_adam_);
    fused(param_list, grad_list, list_of(exp_avgs, count),
          list_of(exp_avg_sqs, count), {}, step_list, lr, beta1, beta2,
          weight_decay, eps, /*amsgrad=*/false, /*maximize=*/false, {}, {});
  });
}

const char *bf_libtorch_version(void) { return TORCH_VERSION; }

char *bf_cpu_capability(char **out) {
  return guarded([&] { *out = strdup(at::get_cpu_capability().c_str()); });
}

char *bf_cuda_device(int index, char **name, int64_t *memory) {
  return guarded([&] {
#if BACKFIRE_CUDA
    cudaDeviceProp properties;
    auto status = cudaGetDeviceProperties(&properties, index);
    TORCH_CHECK(status == cudaSuccess, cudaGetErrorString(status));
    *name = strdup(properties.name);
    *memory = static_cast<int64_t>(properties.totalGlobalMem);
#else
    (void)index, (void)name, (void)memory;
    TORCH_CHECK(false, "built against a libtorch without CUDA");
#endif
  });
}

char *bf_cuda_free_memory(int index, int64_t *memory) {
  return guarded([&] {
#if BACKFIRE_CUDA
    int mode = cudaComputeModeDefault;
    auto status = cudaDeviceGetAttribute(&mode, cudaDevAttrComputeMode, index);
    TORCH_CHECK(status == cudaSuccess, cudaGetErrorString(status));
    TORCH_CHECK(mode == cudaComputeModeDefault,
                "the device is kept for one process at a time");
    int before = 0;
    status = cudaGetDevice(&before);
    TORCH_CHECK(status == cudaSuccess, cudaGetErrorString(status));
    size_t free = 0, total = 0;
    status = cudaSetDevice(index);
    if (status == cudaSuccess)
      status = cudaMemGetInfo(&free, &total);
    cudaSetDevice(before);
    TORCH_CHECK(status == cudaSuccess, cudaGetErrorString(status));
    *memory = static_cast<int64_t>(free);
#else
    (void)index, (void)memory;
    TORCH_CHECK(false, "built against a libtorch without CUDA");
#endif
  });
}
