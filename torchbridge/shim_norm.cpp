#include "fused.h"
#include "norm_kernels.h"
#include "shim_conv.h"
#include "shim_internal.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/native_batch_norm.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>
#include <vector>

using namespace backfire;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

// What is fixed about a normalisation.
struct Norm {
  at::Tensor mean, variance; // running
  double momentum, epsilon;
  bool relu, training, cudnn;
};

// The matrix of pixels and channels that a channels_last tensor is.
Extent extent_of(const at::Tensor &x) {
  return {x.size(0) * x.size(2) * x.size(3), x.size(1)};
}

const float *data_of(const at::Tensor &x) {
  return x.defined() ? x.const_data_ptr<float>() : nullptr;
}

// Writes the running mean and 1 / sqrt(running variance + epsilon).
void recall(const Norm &norm, float *mean, float *deviation) {
  const float *variance = data_of(norm.variance);
  std::copy_n(data_of(norm.mean), norm.mean.numel(), mean);
  for (int64_t c = 0; c < norm.mean.numel(); ++c)
    deviation[c] = 1 / std::sqrt(variance[c] + norm.epsilon);
}

// y = relu(norm(x) + residual), with residual and ReLU where there are any.
// Returns mean and 1 / deviation, [2, C].
at::Tensor transformed(const at::Tensor &x, const at::Tensor &weight,
                       const at::Tensor &bias,
                       const std::optional<at::Tensor> &residual,
                       const Norm &norm, at::Tensor &y) {
  auto extent = extent_of(x);
  auto statistics = at::empty({2, extent.channels}, weight.options());
  float *mean = statistics.mutable_data_ptr<float>();
  float *deviation = mean + extent.channels;
  if (norm.training)
    measure(data_of(x), extent, norm.momentum, norm.epsilon, extent.channels,
            norm.mean.mutable_data_ptr<float>(),
            norm.variance.mutable_data_ptr<float>(), mean, deviation);
  else
    recall(norm, mean, deviation);
  std::vector<float> scale(extent.channels), shift(extent.channels);
  for (int64_t c = 0; c < extent.channels; ++c) {
    scale[c] = data_of(weight)[c] * deviation[c];
    shift[c] = data_of(bias)[c] - mean[c] * scale[c];
  }
  normalise(data_of(x), extent, scale.data(), shift.data(),
            residual ? data_of(*residual) : nullptr, norm.relu,
            y.mutable_data_ptr<float>());
  return statistics;
}

// Batch normalisation, addition and ReLU as one node of the gradient graph
// (Ioffe and Szegedy 2015, section 3, for both directions).
struct NormFunction : torch::autograd::Function<NormFunction> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &x,
                            const at::Tensor &weight, const at::Tensor &bias,
                            const std::optional<at::Tensor> &residual,
                            const Norm &norm) {
    auto y = at::empty_like(x);
    auto statistics = transformed(x, weight, bias, residual, norm, y);
    ctx->save_for_backward(
        variable_list{x, weight, norm.relu ? y : at::Tensor(), statistics});
    ctx->saved_data["training"] = norm.training;
    ctx->saved_data["residual"] = residual.has_value();
    return y;
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &y = saved[2];
    auto dy = channels_last(grads[0]);
    auto extent = extent_of(x);
    const float *mean = data_of(saved[3]), *deviation = mean + extent.channels;
    bool kept =
        ctx->saved_data["residual"].toBool() && ctx->needs_input_grad(3);
    auto residual = !kept         ? at::Tensor()
                    : y.defined() ? at::empty_like(dy)
                                  : dy;
    std::vector<double> sum(extent.channels), products(extent.channels);
    gradient_sums(data_of(dy), data_of(y), data_of(x), extent, mean,
                  kept && y.defined() ? residual.mutable_data_ptr<float>()
                                      : nullptr,
                  sum.data(), products.data());

    auto dweight = at::empty_like(weight), dbias = at::empty_like(weight);
    std::vector<float> scale(extent.channels), slope(extent.channels),
        shift(extent.channels);
    // In training, what the mean and the variance of the batch owe to x.
    double share = ctx->saved_data["training"].toBool() ? 1.0 / extent.rows : 0;
    for (int64_t c = 0; c < extent.channels; ++c) {
      double d = deviation[c];
      dweight.mutable_data_ptr<float>()[c] = products[c] * d;
      dbias.mutable_data_ptr<float>()[c] = sum[c];
      double factor = data_of(weight)[c] * d;
      scale[c] = factor;
      slope[c] = -factor * share * products[c] * d * d;
      shift[c] = -factor * share * sum[c];
    }
    at::Tensor dx;
    if (ctx->needs_input_grad(0)) {
      dx = at::empty_like(x);
      // Where g was kept, it is read in place of dy and y.
      bool reuse = residual.defined();
      input_gradient(data_of(reuse ? residual : dy),
                     reuse ? nullptr : data_of(y), data_of(x), extent, mean,
                     scale.data(), slope.data(), shift.data(),
                     dx.mutable_data_ptr<float>());
    }
    return {dx, dweight, dbias, residual, at::Tensor()};
  }
};

// The normalisation by libtorch. On CUDA by its own kernels: in N,H,W,C,
// at::batch_norm takes cuDNN's semi-persistent ones, whose blocks must all be
// on the device at a time, so that models side by side wait for each other
// (PyTorch's issue 80259).
at::Tensor unfused(const at::Tensor &x, const at::Tensor &weight,
                   const at::Tensor &bias, const Norm &norm) {
  if (x.is_cuda() && !norm.cudnn)
    return std::get<0>(at::native_batch_norm(x, weight, bias, norm.mean,
                                             norm.variance, norm.training,
                                             norm.momentum, norm.epsilon));
  return at::batch_norm(x, weight, bias, norm.mean, norm.variance,
                        norm.training, norm.momentum, norm.epsilon, true);
}

// The rest of the layer by fused kernels.
at::Tensor by_session(fused::Session &session, const at::Tensor &z,
                      std::optional<at::Tensor> residual,
                      const fused::Norm &norm) {
  if (residual)
    residual = channels_last(residual->to(z.scalar_type()));
  if (at::GradMode::is_enabled())
    return fused::normalised(session, z, residual, norm);
  fused::forward(session, z, residual, norm, z);
  return z;
}

} // namespace

char *bf_conv_norm(void *x, void *conv, int stride, int padding, int direct,
                   int cudnn, void *fused, void *weight, void *bias, void *mean,
                   void *variance, double momentum, double epsilon,
                   void *residual, int relu, int training, void **out) {
  return guarded([&] {
    auto z =
        convolved(tensor_of(x), tensor_of(conv), stride, padding, direct != 0);
    if (fused && fused::takes(z)) {
      *out = handle_of(by_session(
          *static_cast<fused::Session *>(fused), z,
          residual ? std::make_optional(tensor_of(residual)) : std::nullopt,
          {tensor_of(weight), tensor_of(bias), tensor_of(mean),
           tensor_of(variance), momentum, epsilon, relu != 0, training != 0}));
      return;
    }
    if (z.is_cpu() && z.scalar_type() != at::kFloat)
      z = z.to(at::kFloat); // the rest is computed in what its weights are
    std::optional<at::Tensor> added;
    if (residual)
      added = tensor_of(residual);
    Norm norm{tensor_of(mean), tensor_of(variance), momentum,  epsilon,
              relu != 0,       training != 0,       cudnn != 0};
    if (!fits(z)) {
      z = unfused(z, tensor_of(weight), tensor_of(bias), norm);
      if (added)
        z.add_(*added);
      if (relu)
        z.relu_();
    } else {
      if (added)
        added = channels_last(*added);
      if (at::GradMode::is_enabled())
        z = NormFunction::apply(z, tensor_of(weight), tensor_of(bias), added,
                                norm);
      else
        transformed(z, tensor_of(weight), tensor_of(bias), added, norm, z);
    }
    *out = handle_of(std::move(z));
  });
}

char *bf_convolve(void *x, void *conv, int stride, int padding, int direct,
                  void **out) {
  return guarded([&] {
    *out = handle_of(
        convolved(tensor_of(x), tensor_of(conv), stride, padding, direct != 0));
  });
}
