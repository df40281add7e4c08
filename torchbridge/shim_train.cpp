#include "shim_internal.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty_like.h>

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
                   void **out) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto batch = tensor_of(images);
    if (index)
      batch = batch.index_select(0, tensor_of(index));
    batch = batch.to(at::TensorOptions().dtype(at::kFloat), false, false,
                     at::MemoryFormat::ChannelsLast);
    *out = handle_of(batch.mul_(tensor_of(scale)).add_(tensor_of(shift)));
  });
}

char *bf_next_batch(void *order, void *rates, void *position, int64_t length,
                    void **index, void **rate) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto &p = tensor_of(position);
    auto row = p.narrow(0, 0, 1), step = p.narrow(0, 1, 1);
    auto rows = at::arange(length, p.options()).add_(row);
    auto picked = tensor_of(order).index_select(0, rows);
    *rate = handle_of(tensor_of(rates).index_select(0, step));
    *index = handle_of(std::move(picked));
    row.add_(length);
    step.add_(1);
  });
}

char *bf_fused_sgd(void **params, void **grads, void **momentum_buffers,
                   int count, void *lr, double momentum, double weight_decay,
                   int nesterov) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto param_list = list_of(params, count);
    auto grad_list = list_of(grads, count);
    match_layout(param_list, grad_list);
    std::vector<at::Tensor> buffers;
    if (momentum != 0)
      buffers = list_of(momentum_buffers, count);
    at::_fused_sgd_(
        param_list, grad_list, buffers, weight_decay, momentum, tensor_of(lr),
        /*dampening=*/0, nesterov != 0, /*maximize=*/false,
        // A host's flag would be recorded. Without dampening the first step is
        // like the others: zeros times momentum, and the gradients.
        /*is_first_step=*/false);
  });
}

char *bf_fused_adam(void **params, void **grads, void **exp_avgs,
                    void **exp_avg_sqs, void **steps, int count, void *lr,
                    double beta1, double beta2, double eps, double weight_decay,
                    int decoupled) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto param_list = list_of(params, count);
    auto grad_list = list_of(grads, count);
    match_layout(param_list, grad_list);
    auto step_list = list_of(steps, count);
    at::_foreach_add_(step_list, 1);
    auto means = list_of(exp_avgs, count),
         variances = list_of(exp_avg_sqs, count);
    if (decoupled)
      at::_fused_adamw_(param_list, grad_list, means, variances, {}, step_list,
                        tensor_of(lr), beta1, beta2, weight_decay, eps,
                        /*amsgrad=*/false, /*maximize=*/false);
    else
      at::_fused_adam_(param_list, grad_list, means, variances, {}, step_list,
                       tensor_of(lr), beta1, beta2, weight_decay, eps,
                       /*amsgrad=*/false, /*maximize=*/false);
  });
}
