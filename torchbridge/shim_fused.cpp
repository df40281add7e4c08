#include "fused.h"
#include "shim_internal.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>

#if BACKFIRE_CUDA
#include <c10/cuda/CUDAGuard.h>
#endif

#include <iterator>

using namespace backfire;
using fused::Launcher;
using fused::Session;

namespace {

// Tiles of a matrix, at most: the widest network has 8,192 channels.
constexpr int64_t kTiles = 4096;

using Kernels = std::shared_ptr<Launcher>;

at::TensorOptions on(int cuda) {
  return cuda < 0 ? at::TensorOptions(at::kCPU)
                  : at::TensorOptions(at::Device(
                        at::kCUDA, static_cast<c10::DeviceIndex>(cuda)));
}

// A list of tensors, undefined where there is none.
std::vector<at::Tensor> list_of(void **handles, int count) {
  std::vector<at::Tensor> list;
  for (int i = 0; handles && i < count; ++i)
    list.push_back(handles[i] ? tensor_of(handles[i]) : at::Tensor());
  return list;
}

} // namespace

char *bf_fused_load(int cuda, const void *image, void **kernels) {
  return guarded([&] { *kernels = new Kernels(fused::on_gpu(cuda, image)); });
}

char *bf_fused_serial(int reversed, int left_out, void **kernels) {
  return guarded(
      [&] { *kernels = new Kernels(fused::serial(reversed != 0, left_out)); });
}

void bf_fused_unload(void *kernels) { delete static_cast<Kernels *>(kernels); }

int bf_fused_kernels(void) {
  return static_cast<int>(std::size(fused::kNames));
}

const char *bf_fused_kernel(int index) { return fused::kNames[index]; }

char *bf_fused_new(void *kernels, int cuda, void **session) {
  return guarded([&] {
    *session = new Session{*static_cast<Kernels *>(kernels),
                           at::zeros({kTiles}, on(cuda).dtype(at::kInt))};
  });
}

void bf_fused_free(void *session) { delete static_cast<Session *>(session); }

int64_t bf_fused_launches(void *session) {
  return static_cast<Session *>(session)->launcher->launches;
}

char *bf_fused_check(void *session, int cuda, void *serial) {
  return guarded([&] {
#if BACKFIRE_CUDA
    c10::cuda::OptionalCUDAGuard guard;
    if (cuda >= 0)
      guard.set_index(static_cast<c10::DeviceIndex>(cuda));
#endif
    fused::check(*static_cast<Session *>(session), on(cuda),
                 static_cast<Session *>(serial));
  });
}

char *bf_fused_update(void *session, void **params, void **grads,
                      void **momentum_buffers, void **copies, int count,
                      void *lr, double momentum, double weight_decay,
                      int nesterov) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    fused::update(*static_cast<Session *>(session),
                  {list_of(params, count), list_of(grads, count),
                   list_of(momentum_buffers, count), list_of(copies, count)},
                  {tensor_of(lr), momentum, weight_decay, nesterov != 0});
  });
}

char *bf_half_copy(void *tensor, void **out) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto copy =
        at::empty_like(tensor_of(tensor), at::TensorOptions(at::kBFloat16));
    copy.copy_(tensor_of(tensor));
    *out = handle_of(copy.set_requires_grad(true));
  });
}

char *bf_copy(void *to, void *from) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    tensor_of(to).copy_(tensor_of(from));
  });
}
