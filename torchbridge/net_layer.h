// A layer of the network: convolution, batch normalisation, and what follows.
#ifndef BACKFIRE_NET_LAYER_H
#define BACKFIRE_NET_LAYER_H

#include "conv_kernels.h"
#include "winograd.h"
#include "workspace.h"

#include <cstdint>
#include <vector>

namespace backfire {

// BatchNorm's constants, as in resnet.go.
constexpr double kNormMomentum = 0.1, kNormEpsilon = 1e-5;

// Returns the channels that a number of channels takes in memory: eights, of
// which those that are left over are zero.
inline int64_t padded(int64_t channels) { return (channels + 7) / 8 * 8; }

// What a layer trains and keeps, in the model's memory: the convolution
// [out, kernel, kernel, in], and per output channel scale, shift and the
// running statistics.
struct LayerTensors {
  float *weight, *scale, *shift, *mean, *variance;
};

// How statistics are come by.
enum class Mode {
  kTraining, // from the batch; the running ones move towards them
  kPrediction
};

// A convolution without bias, its normalisation, and memory for both. Images
// have their channels padded, but for those of a stem.
class Layer {
public:
  Layer(const LayerTensors &tensors, int64_t height, int64_t width, int64_t in,
        int64_t out, int64_t kernel, int64_t stride, bool stem);

  // Leaves normalisation and ReLU to the next layer, which alone reads the
  // result, if that layer can compute them where it reads. No bit depends on
  // it.
  void leave_to(const Layer &next) { leaves = next.winograd; }
  // Makes room for a number of images.
  void reserve(int64_t images);
  // Lays the weights out, after they changed.
  void load_weights();

  // Computes y = norm(conv(x)), plus residual if there is one, not below 0 if
  // relu. Where normalisation and ReLU are left to the next layer, there is no
  // residual.
  void forward(const Images &x, int64_t images, const float *residual,
               bool relu, Mode mode);
  // Computes the gradients of scale and shift from dy, that of y, and writes
  // the gradient of the convolution's result into dz, which may be dy. With a
  // `kept` it gets the gradient behind the ReLU and may be dy, too.
  void norm_backward(const float *dy, bool relu, float *kept, float *dz);
  // Computes the gradient of the weights.
  void weight_backward(const Images &x, const float *dz);
  // Writes, or adds, the gradient of x, with a stem's channels padded.
  void input_backward(const float *dz, bool add, float *dx);

  Images result() const {
    return leaves ? Images{z, factors.data(), terms.data()} : Images{y};
  }
  // Floats of an image of the result.
  int64_t image_floats() const {
    return shape.out_height() * shape.out_width() * shape.out;
  }

  LayerTensors tensors;
  int64_t in, out;   // without padding
  Convolution shape; // with padding
  // Gradients of weight [out, kernel, kernel, in], with padding, of scale and
  // of shift.
  std::vector<float> weight_gradient, scale_gradient, shift_gradient;

private:
  bool stem, winograd, leaves = false;
  Mode mode = Mode::kTraining;
  std::vector<float> padded_weight;
  const float *weight = nullptr;
  Workspace z_memory, y_memory;
  float *z = nullptr, *y = nullptr;
  // Per channel: statistics, the forward pass's factors and terms, and those of
  // the backward pass.
  std::vector<float> mean, deviation, factors, terms, scale, shift, slope;
  std::vector<double> sums, products;
};

} // namespace backfire
#endif
