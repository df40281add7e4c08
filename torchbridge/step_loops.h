// The innermost loops of a training step beside convolution and normalisation.
#ifndef BACKFIRE_STEP_LOOPS_H
#define BACKFIRE_STEP_LOOPS_H

#include <cstdint>

namespace backfire {

// PyTorch's SGD: momentum without dampening, coupled weight decay. `velocity`
// may be null without momentum.
struct SgdUpdate {
  float *weight, *velocity;
  const float *gradient;
  int64_t count;
  float rate, momentum, decay;
  bool nesterov;
};

// PyTorch's Adam (decay coupled) or AdamW (decoupled).
struct AdamUpdate {
  float *weight, *mean, *variance;
  const float *gradient;
  int64_t count;
  float beta1, beta2, epsilon;
  float coupled;       // weight decay that is added to the gradient
  float shrink;        // factor of the weight, 1 without decoupled decay
  float rate;          // over the correction of the mean's bias
  float variance_root; // the square root of the correction of the variance's
};

struct StepLoops {
  // The sum of x[i] * w[i], for a count in eights. Sixteen sums of every
  // sixteenth product are added up at the end, by halves.
  float (*dot)(const float *x, const float *w, int64_t count);
  // to[i] += factor * from[i].
  void (*add_scaled)(float factor, const float *from, int64_t count, float *to);
  // Means over `pixels` pixels of channels in eights, pixel by pixel.
  void (*pool)(const float *x, int64_t pixels, int64_t channels, float *y);
  // dx of such means.
  void (*spread)(const float *dy, int64_t pixels, int64_t channels, float *dx);
  void (*sgd)(const SgdUpdate &);
  void (*adam)(const AdamUpdate &);
};

} // namespace backfire
#endif
