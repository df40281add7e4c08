#include "shim_internal.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/empty_like.h>

#include <optional>
#include <vector>

using namespace backfire;

namespace {

std::vector<at::Tensor> list_of(void **handles, int count) {
  std::vector<at::Tensor> list;
  list.reserve(count);
  for (int i = 0; i < count; ++i)
    list.push_back(tensor_of(handles[i]));
  return list;
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
