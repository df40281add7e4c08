#include "shim_conv.h"
#include "conv_kernels.h"
#include "kernel_set.h"
#include "winograd.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

namespace backfire {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Convolution shape_of(const at::Tensor &x, const at::Tensor &kernel,
                     int64_t stride) {
  return {x.size(0),      x.size(2),      x.size(3), x.size(1),
          kernel.size(0), kernel.size(2), stride};
}

// The kernels of our own that compute a layer.
enum class Kernels { kNone, kDirect, kWinograd };

Kernels kernels_of(const at::Tensor &x, const at::Tensor &kernel,
                   int64_t padding, const Convolution &c, bool direct) {
  bool known = fits(x) && fits(kernel) && padding == c.kernel / 2 &&
               kernel.size(3) == c.kernel &&
               !at::autocast::is_autocast_enabled(at::kCPU) &&
               &kernels() != &kernels_plain;
  return !known                        ? Kernels::kNone
         : !direct && winograd_pays(c) ? Kernels::kWinograd
         // With AVX-512 libtorch's are faster.
         : convolves(c) && kernels().lanes == 8 ? Kernels::kDirect
                                                : Kernels::kNone;
}

at::Tensor result_of(const at::Tensor &x, const at::Tensor &kernel,
                     const Convolution &c, bool winograd) {
  auto y = at::empty({c.images, c.out, c.out_height(), c.out_width()},
                     x.options(), at::MemoryFormat::ChannelsLast);
  auto compute = winograd ? winograd_convolve : convolve;
  compute(c, x.const_data_ptr<float>(), kernel.const_data_ptr<float>(),
          y.mutable_data_ptr<float>());
  return y;
}

// The convolution by kernels of our own.
struct ConvFunction : torch::autograd::Function<ConvFunction> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &x,
                            const at::Tensor &kernel, const Convolution &c,
                            bool winograd) {
    ctx->save_for_backward({x, kernel});
    ctx->saved_data["stride"] = c.stride;
    ctx->saved_data["winograd"] = winograd;
    return result_of(x, kernel, c, winograd);
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &kernel = saved[1];
    auto c = shape_of(x, kernel, ctx->saved_data["stride"].toInt());
    bool winograd = ctx->saved_data["winograd"].toBool();
    auto dy = channels_last(grads[0]);
    const float *gradient = dy.const_data_ptr<float>();
    at::Tensor dx, dkernel;
    if (ctx->needs_input_grad(0)) {
      dx = at::empty_like(x);
      auto compute = winograd ? winograd_input_gradient : input_gradient;
      compute(c, gradient, kernel.const_data_ptr<float>(), false,
              dx.mutable_data_ptr<float>());
    }
    if (ctx->needs_input_grad(1)) {
      dkernel = at::empty_like(kernel);
      auto compute = winograd ? winograd_weight_gradient : weight_gradient;
      compute(c, x.const_data_ptr<float>(), gradient,
              dkernel.mutable_data_ptr<float>());
    }
    return {dx, dkernel, at::Tensor(), at::Tensor()};
  }
};

at::Tensor every(const at::Tensor &x, int64_t stride) {
  return x.slice(2, 0, x.size(2), stride).slice(3, 0, x.size(3), stride);
}

// Every stride-th pixel of every stride-th row. A strided 1x1 convolution is a
// dense one of these; libtorch's own spends as long on the gradient of the
// pixels that it skips as on the rest, and with fewer input channels than a
// vector has lanes oneDNN's gradient of the weights writes behind its workspace
// (its issue 6035).
struct Subsample : torch::autograd::Function<Subsample> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &x,
                            int64_t stride) {
    ctx->saved_data["shape"] = x.sizes();
    ctx->saved_data["stride"] = stride;
    return channels_last(every(x, stride));
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    auto dx = at::empty(ctx->saved_data["shape"].toIntVector(),
                        grads[0].options(), at::MemoryFormat::ChannelsLast)
                  .zero_();
    every(dx, ctx->saved_data["stride"].toInt()).copy_(grads[0]);
    return {dx, at::Tensor()};
  }
};

} // namespace

at::Tensor convolved(const at::Tensor &x, const at::Tensor &kernel,
                     int64_t stride, int64_t padding, bool direct) {
  auto shape = shape_of(x, kernel, stride);
  auto kernels = kernels_of(x, kernel, padding, shape, direct);
  if (kernels != Kernels::kNone) {
    bool winograd = kernels == Kernels::kWinograd;
    return at::GradMode::is_enabled()
               ? ConvFunction::apply(x, kernel, shape, winograd)
               : result_of(x, kernel, shape, winograd);
  }
  if (fits(x) && stride > 1 && shape.kernel == 1)
    return at::conv2d(Subsample::apply(x, stride), kernel);
  return at::conv2d(x, kernel, {}, stride, padding);
}

} // namespace backfire
