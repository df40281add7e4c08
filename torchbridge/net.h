// ResNet-18 on the CPU: a fixed list of kernels on memory that is taken once.
//
// Every processor computes the same bits, with any number of threads: see
// lanes.h for the sums, and what is written here is plain arithmetic in single
// or double precision, compiled without fused operations.
#ifndef BACKFIRE_NET_H
#define BACKFIRE_NET_H

#include "net_layer.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace backfire {

// The network's shape, as ModelSpec in resnet.go.
struct NetShape {
  int64_t width, channels, height, width_px, classes;
};

// The labels of a batch: own[i] and, where it is mixed, partner[i], whose
// losses are weighted.
struct Labels {
  const int64_t *own, *partner; // partner: null without mixing
  float own_weight = 1, partner_weight = 0;
};

// A list of numbers that a step trains, `rows` times `length` of them, and the
// gradient, whose rows are `stride` floats apart.
struct Trained {
  float *values;
  const float *gradient;
  int64_t rows, length, stride;
};

class Net {
public:
  // `params` are the trained tensors in the order of resnet.go, `buffers` the
  // running statistics. Without `together` every normalisation is a pass of its
  // own, which takes longer and changes no bit: tests compare the two.
  Net(const NetShape &shape, const std::vector<float *> &params,
      const std::vector<float *> &buffers, bool together = true);

  // Makes room for a number of images. It may drop what was computed.
  void reserve(int64_t images);
  // Lays the weights out, after they changed.
  void load_weights();

  // Computes the features of pixels [images, height, width, channels].
  void forward(const float *pixels, int64_t images, Mode mode);
  // Computes the logits of the features.
  void classify();
  // Returns the mean cross-entropy against the labels, and sets the gradient
  // of the logits to that of the loss times `factor`.
  double loss(const Labels &labels, double factor);
  // Returns the number of images whose largest logit is their own label's.
  int64_t hits(const int64_t *labels) const;
  // Computes the gradients of all trained tensors from that of the logits. x
  // are the images of the last forward.
  void backward(const float *x);
  // Returns the gradient of the images [images, height, width,
  // padded(channels)] alone.
  const float *input_backward();

  const NetShape &net_shape() const { return shape; }
  int64_t features() const { return 8 * shape.width; }
  int64_t capacity() const { return room; }
  const float *feature_values() const { return pooled.data(); }
  const float *logit_values() const { return logits.data(); }
  // The list of what is trained, in the order of the constructor's.
  std::vector<Trained> trained() const;

private:
  struct Block {
    std::unique_ptr<Layer> first, second, shortcut;
  };
  const float *body_backward(const float *x, bool inputs_alone);
  void block_backward(Block &block, const float *x, bool inputs_alone);
  template <class Body> void each_layer(Body &&body) const;

  NetShape shape;
  std::unique_ptr<Layer> stem;
  std::vector<Block> blocks;
  float *weight, *bias; // of the last layer, [classes, features] and [classes]
  std::vector<float> weight_gradient, bias_gradient;
  int64_t room = 0, images = 0;
  std::vector<float> pooled, pooled_gradient, logits, logit_gradient;
  Workspace memory[3];
  // Gradients: of a block's result, of a layer's, and of another's.
  float *outer = nullptr, *inner = nullptr, *other = nullptr;
};

// Writes the softmax of a row of logits.
void softmax(const float *logits, int64_t classes, float *probabilities);

// exp(x) and log(x) without the C library, whose last bit depends on the
// processor. exp is for x of at most 0, log for x of at least 1.
double exponential(double x);
double logarithm(double x);

} // namespace backfire
#endif
