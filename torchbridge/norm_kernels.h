// Batch normalisation, addition and ReLU over float matrices whose rows are
// pixels and whose columns are channels (channels_last memory).
//
// Every sum is made over blocks of fixed size that are added in a fixed order,
// so no result depends on the number of threads or on the processor.
#ifndef BACKFIRE_NORM_KERNELS_H
#define BACKFIRE_NORM_KERNELS_H

#include <cstdint>

namespace backfire {

// The matrix's shape: channels is at least 1.
struct Extent {
  int64_t rows, channels;
};

// Writes mean and 1 / sqrt(variance + epsilon) of each channel of x, and moves
// the running statistics of the first `kept` channels towards x's, whose
// variance is the unbiased one there, as PyTorch does.
void measure(const float *x, Extent extent, double momentum, double epsilon,
             int64_t kept, float *running_mean, float *running_variance,
             float *mean, float *deviation);

// Per channel, sum[c] = sum over rows of (x - pivot[c]) and squares[c] = that
// of (x - pivot[c])^2.
void moments(const float *x, Extent extent, const float *pivot, double *sum,
             double *squares);

// y = x * scale + shift per channel, plus residual if there is one, not below 0
// if relu. y may be x.
void normalise(const float *x, Extent extent, const float *scale,
               const float *shift, const float *residual, bool relu, float *y);

// What tells where a gradient passes a ReLU: the ReLU's result y, or scale and
// shift with which it is computed from x as by normalise(). Neither: the
// gradient passes everywhere.
struct Relu {
  Relu(const float *y) : y(y) {}
  Relu(const float *scale, const float *shift) : scale(scale), shift(shift) {}

  const float *y = nullptr, *scale = nullptr, *shift = nullptr;
};

// The backward pass's sums, with g = dy, or 0 where it does not pass the ReLU:
// sum[c] of g and products[c] of g * (x - mean[c]). g is written to `kept` if
// there is one.
void gradient_sums(const float *dy, Relu relu, const float *x, Extent extent,
                   const float *mean, float *kept, double *sum,
                   double *products);

// dx = g * scale + (x - mean) * slope + shift per channel, with g as above.
void input_gradient(const float *dy, Relu relu, const float *x, Extent extent,
                    const float *mean, const float *scale, const float *slope,
                    const float *shift, float *dx);

} // namespace backfire
#endif
