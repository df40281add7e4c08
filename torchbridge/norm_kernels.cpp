#pragma GCC optimize("fp-contract=off")

#include "norm_kernels.h"
#include "kernel_set.h"
#include "parallel.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace backfire {
namespace {

// Rows of kNormTile, or of a multiple, whose sums are made in float before they
// join those in double. A column's sum is the same with vectors of every width.
constexpr int64_t kBlock = 64;

// How a matrix is walked, see kNormTile.
struct Walk {
  int64_t channels, period, floats, blocks;

  explicit Walk(Extent extent) : channels(extent.channels) {
    period = channels * (kNormTile / std::gcd(channels, kNormTile));
    floats = extent.rows * channels;
    blocks = (floats + kBlock * period - 1) / (kBlock * period);
  }
  Span block(int64_t i) const {
    return {i * kBlock * period, std::min((i + 1) * kBlock * period, floats),
            period};
  }
  // A value per channel, repeated.
  std::vector<float> repeated(const float *values) const {
    std::vector<float> list(period);
    for (int64_t i = 0; i < period; ++i)
      list[i] = values[i % channels];
    return list;
  }
  template <class Body> void each(Body &&body) const {
    parallel_for(blocks, 1, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i)
        body(block(i));
    });
  }
};

// How a gradient passes a ReLU, with repeated constants.
struct Forward {
  Passing passing;
  std::vector<float> scales, shifts;

  Forward(const Walk &walk, const Relu &relu)
      : passing(relu.y       ? kByResult
                : relu.scale ? kBySource
                             : kEverywhere) {
    if (passing != kBySource)
      return;
    scales = walk.repeated(relu.scale);
    shifts = walk.repeated(relu.shift);
  }
};

// Parts of a sum, made by threads of their own and added in order. Their number
// depends on the matrix alone.
constexpr int64_t kParts = 16;

// Two sums per channel: body(span, first, second) adds a block's to the
// repeated channels'.
template <class Body>
void two_sums(const Walk &walk, double *first, double *second, Body &&body) {
  int64_t parts = std::min(kParts, walk.blocks);
  std::vector<double> sums(2 * parts * walk.period);
  parallel_for(parts, 1, [&](int64_t from, int64_t to) {
    for (int64_t part = from; part < to; ++part) {
      double *into = sums.data() + 2 * part * walk.period;
      for (int64_t i = part * walk.blocks / parts;
           i < (part + 1) * walk.blocks / parts; ++i)
        body(walk.block(i), into, into + walk.period);
    }
  });
  std::fill_n(first, walk.channels, 0.0);
  std::fill_n(second, walk.channels, 0.0);
  for (int64_t part = 0; part < parts; ++part)
    for (int64_t i = 0; i < walk.period; ++i) {
      first[i % walk.channels] += sums[2 * part * walk.period + i];
      second[i % walk.channels] += sums[(2 * part + 1) * walk.period + i];
    }
}

} // namespace

void moments(const float *x, Extent extent, const float *pivot, double *sum,
             double *squares) {
  Walk walk(extent);
  auto pivots = walk.repeated(pivot);
  two_sums(walk, sum, squares, [&](Span span, double *s, double *q) {
    kernels().norm.moments(span, {x, pivots.data(), s, q});
  });
}

void measure(const float *x, Extent extent, double momentum, double epsilon,
             int64_t kept, float *running_mean, float *running_variance,
             float *mean, float *deviation) {
  static thread_local std::vector<double> sums;
  sums.resize(std::max<size_t>(sums.size(), 2 * extent.channels));
  double *sum = sums.data(), *squares = sum + extent.channels;
  // Around a pixel's values, the squares lose few digits to the mean's.
  const float *pivot = x;
  moments(x, extent, pivot, sum, squares);
  double n = static_cast<double>(extent.rows);
  for (int64_t c = 0; c < extent.channels; ++c) {
    double center = pivot[c] + sum[c] / n;
    double spread = squares[c] - sum[c] * sum[c] / n;
    spread = spread < 0 ? 0 : spread; // NaN stays
    mean[c] = center;
    deviation[c] = 1 / std::sqrt(spread / n + epsilon);
    if (c >= kept)
      continue;
    running_mean[c] += momentum * (center - running_mean[c]);
    running_variance[c] += momentum * (spread / (n - 1) - running_variance[c]);
  }
}

void normalise(const float *x, Extent extent, const float *scale,
               const float *shift, const float *residual, bool relu, float *y) {
  Walk walk(extent);
  auto scales = walk.repeated(scale), shifts = walk.repeated(shift);
  NormaliseArgs args{x, scales.data(), shifts.data(), residual, y};
  auto kernel = kernels().norm.normalise[residual != nullptr][relu];
  walk.each([&](Span span) { kernel(span, args); });
}

void gradient_sums(const float *dy, Relu relu, const float *x, Extent extent,
                   const float *mean, float *kept, double *sum,
                   double *products) {
  Walk walk(extent);
  auto means = walk.repeated(mean);
  Forward forward(walk, relu);
  auto kernel = kernels().norm.sums[forward.passing][kept != nullptr];
  two_sums(walk, sum, products, [&](Span span, double *s, double *p) {
    kernel(span, {dy, relu.y, x, means.data(), forward.scales.data(),
                  forward.shifts.data(), kept, s, p});
  });
}

void input_gradient(const float *dy, Relu relu, const float *x, Extent extent,
                    const float *mean, const float *scale, const float *slope,
                    const float *shift, float *dx) {
  Walk walk(extent);
  auto means = walk.repeated(mean), scales = walk.repeated(scale),
       slopes = walk.repeated(slope), shifts = walk.repeated(shift);
  Forward forward(walk, relu);
  GradientArgs args{dy,
                    relu.y,
                    x,
                    means.data(),
                    forward.scales.data(),
                    forward.shifts.data(),
                    scales.data(),
                    slopes.data(),
                    shifts.data(),
                    dx};
  auto kernel = kernels().norm.gradient[forward.passing];
  walk.each([&](Span span) { kernel(span, args); });
}

} // namespace backfire
