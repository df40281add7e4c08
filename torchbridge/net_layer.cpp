#pragma GCC optimize("fp-contract=off")

#include "net_layer.h"
#include "norm_kernels.h"

#include <algorithm>
#include <cmath>

namespace backfire {
namespace {

// Copies weights [out, taps, in] to where the channels are padded.
void pad_weights(const float *from, int64_t out, int64_t taps, int64_t in,
                 int64_t padded_in, float *to) {
  for (int64_t i = 0; i < out * taps; ++i)
    std::copy_n(from + i * in, in, to + i * padded_in);
}

// Channels from which on Winograd's algorithms are used. Networks of fewer are
// small, and their few sums cancel little of these algorithms' larger rounding
// errors.
constexpr int64_t kWinogradChannels = 8;

} // namespace

Layer::Layer(const LayerTensors &tensors, int64_t height, int64_t width,
             int64_t in, int64_t out, int64_t kernel, int64_t stride, bool stem)
    : tensors(tensors), in(in), out(out),
      shape{0,           height, width, stem ? in : padded(in),
            padded(out), kernel, stride},
      weight_gradient(shape.out * kernel * kernel * shape.in),
      scale_gradient(shape.out), shift_gradient(shape.out), stem(stem),
      winograd(std::min(in, out) >= kWinogradChannels && winograd_pays(shape)),
      mean(shape.out), deviation(shape.out), factors(shape.out),
      terms(shape.out), scale(shape.out), shift(shape.out), slope(shape.out),
      sums(shape.out), products(shape.out) {
  if (shape.in != in || shape.out != out)
    padded_weight.resize(weight_gradient.size());
}

void Layer::reserve(int64_t images) {
  z = z_memory.floats(images * image_floats());
  if (!leaves)
    y = y_memory.floats(images * image_floats());
}

void Layer::load_weights() {
  weight = tensors.weight;
  if (padded_weight.empty())
    return;
  pad_weights(weight, out, shape.kernel * shape.kernel, in, shape.in,
              padded_weight.data());
  weight = padded_weight.data();
}

void Layer::forward(const Images &x, int64_t images, const float *residual,
                    bool relu, Mode mode) {
  this->mode = mode;
  shape.images = images;
  if (winograd)
    winograd_convolve_images(shape, x, weight, z);
  else
    convolve(shape, x.data, weight, z);
  Extent extent{images * shape.out_height() * shape.out_width(), shape.out};
  if (mode == Mode::kTraining)
    measure(z, extent, kNormMomentum, kNormEpsilon, out, tensors.mean,
            tensors.variance, mean.data(), deviation.data());
  else
    for (int64_t c = 0; c < out; ++c) {
      mean[c] = tensors.mean[c];
      deviation[c] = 1 / std::sqrt(tensors.variance[c] + kNormEpsilon);
    }
  for (int64_t c = 0; c < out; ++c) { // what is padded stays 0
    factors[c] = tensors.scale[c] * deviation[c];
    terms[c] = tensors.shift[c] - mean[c] * factors[c];
  }
  if (!leaves)
    normalise(z, extent, factors.data(), terms.data(), residual, relu, y);
}

void Layer::norm_backward(const float *dy, bool relu, float *kept, float *dz) {
  Extent extent{shape.images * shape.out_height() * shape.out_width(),
                shape.out};
  Relu behind = !relu    ? Relu(nullptr)
                : leaves ? Relu(factors.data(), terms.data())
                         : Relu(y);
  gradient_sums(dy, behind, z, extent, mean.data(), kept, sums.data(),
                products.data());
  // In training, what the mean and the variance of the batch owe to z.
  double share = mode == Mode::kTraining ? 1.0 / extent.rows : 0;
  for (int64_t c = 0; c < out; ++c) {
    double d = deviation[c], factor = tensors.scale[c] * d;
    scale_gradient[c] = products[c] * d;
    shift_gradient[c] = sums[c];
    scale[c] = factor;
    slope[c] = -factor * share * products[c] * d * d;
    shift[c] = -factor * share * sums[c];
  }
  if (kept && relu) { // is read in place of dy and y
    dy = kept;
    behind = Relu(nullptr);
  }
  input_gradient(dy, behind, z, extent, mean.data(), scale.data(), slope.data(),
                 shift.data(), dz);
}

void Layer::weight_backward(const Images &x, const float *dz) {
  float *gradient = weight_gradient.data();
  if (winograd)
    winograd_images_gradient(shape, x, dz, gradient);
  else
    (stem ? stem_weight_gradient : backfire::weight_gradient)(shape, x.data, dz,
                                                              gradient);
}

void Layer::input_backward(const float *dz, bool add, float *dx) {
  if (!stem) {
    if (winograd)
      winograd_input_gradient(shape, dz, weight, add, dx);
    else
      input_gradient(shape, dz, weight, add, dx);
    return;
  }
  auto c = shape;
  c.in = padded(in);
  std::vector<float> wide(c.out * c.kernel * c.kernel * c.in);
  pad_weights(weight, c.out, c.kernel * c.kernel, in, c.in, wide.data());
  input_gradient(c, dz, wide.data(), add, dx);
}

} // namespace backfire
