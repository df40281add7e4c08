#include "norm_kernels.h"
#include "parallel.h"
#include "vectors.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace backfire {
namespace {

// Rows are taken several at a time, so that what is walked is a whole number of
// tiles for any number of channels; a constant per channel is repeated to that
// length. Where all channels are one tile, memory is read from end to end.
constexpr int64_t kTile = 32;
// Vectors of a tile whose sums are made together, in registers.
template <class L>
constexpr int kTogether = kTile / L::kLanes < 4 ? kTile / L::kLanes : 4;
// Rows of that length whose sums are made in float before they join those in
// double. A column's sum is the same with vectors of every width.
constexpr int64_t kBlock = 64;

// The gradient behind ReLU, as in the header.
template <class L, bool kMasked>
INLINE void masked(typename L::Vector &g, const float *dy, const float *y) {
  load<L>(g, dy);
  if (kMasked) {
    typename L::Vector out;
    load<L>(out, y);
    const typename L::Vector zero = {};
    g = out > zero ? g : zero;
  }
}
template <bool kMasked> INLINE float masked(float dy, const float *y) {
  return kMasked && !(*y > 0) ? 0 : dy;
}

// What the bodies below work on: `begin` to `end` floats of a matrix walked in
// rows of `period` floats; begin is the start of such a row.
struct Span {
  int64_t begin, end, period;
};

struct MomentsArgs {
  const float *x, *pivot;
  double *sum, *squares;
};

template <class L> INLINE void moments_body(Span span, const MomentsArgs &a) {
  int64_t whole =
      span.begin + (span.end - span.begin) / span.period * span.period;
  for (int64_t t = 0; t < span.period; t += kTogether<L> * L::kLanes) {
    typename L::Vector pivot[kTogether<L>], s[kTogether<L>] = {},
                                            q[kTogether<L>] = {};
    for (int i = 0; i < kTogether<L>; ++i)
      load<L>(pivot[i], a.pivot + t + i * L::kLanes);
    for (int64_t at = span.begin + t; at < whole; at += span.period)
      for (int i = 0; i < kTogether<L>; ++i) {
        typename L::Vector d;
        load<L>(d, a.x + at + i * L::kLanes);
        d -= pivot[i];
        s[i] += d;
        q[i] += d * d;
      }
    for (int i = 0; i < kTogether<L>; ++i)
      for (int j = 0; j < L::kLanes; ++j) {
        a.sum[t + i * L::kLanes + j] += s[i][j];
        a.squares[t + i * L::kLanes + j] += q[i][j];
      }
  }
  for (int64_t at = whole; at < span.end; ++at) {
    float d = a.x[at] - a.pivot[at - whole];
    a.sum[at - whole] += d;
    a.squares[at - whole] += d * d;
  }
}

struct NormaliseArgs {
  const float *x, *scale, *shift, *residual;
  float *y;
};

template <class L, bool kResidual, bool kRelu>
INLINE void normalise_body(Span span, const NormaliseArgs &a) {
  int64_t whole =
      span.begin + (span.end - span.begin) / span.period * span.period;
  for (int64_t row = span.begin; row < whole; row += span.period)
    for (int64_t t = 0; t < span.period; t += L::kLanes) {
      typename L::Vector v, scale, shift;
      load<L>(v, a.x + row + t);
      load<L>(scale, a.scale + t);
      load<L>(shift, a.shift + t);
      v = v * scale + shift;
      if (kResidual) {
        typename L::Vector r;
        load<L>(r, a.residual + row + t);
        v += r;
      }
      if (kRelu) {
        const typename L::Vector zero = {};
        v = v < zero ? zero : v; // keeps NaN, as PyTorch's ReLU does
      }
      store<L>(a.y + row + t, v);
    }
  for (int64_t at = whole; at < span.end; ++at) {
    float v = a.x[at] * a.scale[at - whole] + a.shift[at - whole];
    if (kResidual)
      v += a.residual[at];
    a.y[at] = kRelu && v < 0 ? 0 : v;
  }
}

struct SumsArgs {
  const float *dy, *y, *x, *mean;
  float *kept;
  double *sum, *products;
};

template <class L, bool kMasked, bool kKept>
INLINE void sums_body(Span span, const SumsArgs &a) {
  int64_t whole =
      span.begin + (span.end - span.begin) / span.period * span.period;
  for (int64_t t = 0; t < span.period; t += kTogether<L> * L::kLanes) {
    typename L::Vector mean[kTogether<L>], s[kTogether<L>] = {},
                                           p[kTogether<L>] = {};
    for (int i = 0; i < kTogether<L>; ++i)
      load<L>(mean[i], a.mean + t + i * L::kLanes);
    for (int64_t row = span.begin + t; row < whole; row += span.period)
      for (int i = 0; i < kTogether<L>; ++i) {
        int64_t at = row + i * L::kLanes;
        typename L::Vector g, x;
        masked<L, kMasked>(g, a.dy + at, a.y + at);
        if (kKept)
          store<L>(a.kept + at, g);
        load<L>(x, a.x + at);
        s[i] += g;
        p[i] += g * (x - mean[i]);
      }
    for (int i = 0; i < kTogether<L>; ++i)
      for (int j = 0; j < L::kLanes; ++j) {
        a.sum[t + i * L::kLanes + j] += s[i][j];
        a.products[t + i * L::kLanes + j] += p[i][j];
      }
  }
  for (int64_t at = whole; at < span.end; ++at) {
    float g = masked<kMasked>(a.dy[at], a.y + at);
    if (kKept)
      a.kept[at] = g;
    a.sum[at - whole] += g;
    a.products[at - whole] += g * (a.x[at] - a.mean[at - whole]);
  }
}

struct GradientArgs {
  const float *dy, *y, *x, *mean, *scale, *slope, *shift;
  float *dx;
};

template <class L, bool kMasked>
INLINE void gradient_body(Span span, const GradientArgs &a) {
  int64_t whole =
      span.begin + (span.end - span.begin) / span.period * span.period;
  for (int64_t row = span.begin; row < whole; row += span.period)
    for (int64_t t = 0; t < span.period; t += L::kLanes) {
      int64_t at = row + t;
      typename L::Vector g, x, mean, scale, slope, shift;
      masked<L, kMasked>(g, a.dy + at, a.y + at);
      load<L>(x, a.x + at);
      load<L>(mean, a.mean + t);
      load<L>(scale, a.scale + t);
      load<L>(slope, a.slope + t);
      load<L>(shift, a.shift + t);
      x = g * scale + ((x - mean) * slope + shift);
      store<L>(a.dx + at, x);
    }
  for (int64_t at = whole; at < span.end; ++at) {
    int64_t c = at - whole;
    float g = masked<kMasked>(a.dy[at], a.y + at);
    a.dx[at] =
        g * a.scale[c] + ((a.x[at] - a.mean[c]) * a.slope[c] + a.shift[c]);
  }
}

// Each body is compiled for each instruction set and runs as the one chosen. L
// names the vectors in `body`.
#define DISPATCHED(name, body, Args)                                           \
  FOR_AVX512 void name##_avx512(Span span, const Args &a) {                    \
    using L = Sixteen;                                                         \
    body(span, a);                                                             \
  }                                                                            \
  FOR_AVX2 void name##_avx2(Span span, const Args &a) {                        \
    using L = Eight;                                                           \
    body(span, a);                                                             \
  }                                                                            \
  void name##_base(Span span, const Args &a) {                                 \
    using L = Four;                                                            \
    body(span, a);                                                             \
  }                                                                            \
  void name(Span span, const Args &a) {                                        \
    switch (capability()) {                                                    \
    case Capability::kAVX512:                                                  \
      return name##_avx512(span, a);                                           \
    case Capability::kAVX2:                                                    \
      return name##_avx2(span, a);                                             \
    default:                                                                   \
      return name##_base(span, a);                                             \
    }                                                                          \
  }

DISPATCHED(moments_span, (moments_body<L>), MomentsArgs)
DISPATCHED(normalise_plain, (normalise_body<L, false, false>), NormaliseArgs)
DISPATCHED(normalise_relu, (normalise_body<L, false, true>), NormaliseArgs)
DISPATCHED(normalise_add, (normalise_body<L, true, false>), NormaliseArgs)
DISPATCHED(normalise_add_relu, (normalise_body<L, true, true>), NormaliseArgs)
DISPATCHED(sums_plain, (sums_body<L, false, false>), SumsArgs)
DISPATCHED(sums_kept, (sums_body<L, false, true>), SumsArgs)
DISPATCHED(sums_masked, (sums_body<L, true, false>), SumsArgs)
DISPATCHED(sums_masked_kept, (sums_body<L, true, true>), SumsArgs)
DISPATCHED(gradient_plain, (gradient_body<L, false>), GradientArgs)
DISPATCHED(gradient_masked, (gradient_body<L, true>), GradientArgs)

// How a matrix is walked, see kTile.
struct Walk {
  int64_t channels, period, floats, blocks;

  explicit Walk(Extent extent) : channels(extent.channels) {
    period = channels * (kTile / std::gcd(channels, kTile));
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
    moments_span(span, {x, pivots.data(), s, q});
  });
}

void normalise(const float *x, Extent extent, const float *scale,
               const float *shift, const float *residual, bool relu, float *y) {
  Walk walk(extent);
  auto scales = walk.repeated(scale), shifts = walk.repeated(shift);
  NormaliseArgs args{x, scales.data(), shifts.data(), residual, y};
  auto kernel = residual ? (relu ? normalise_add_relu : normalise_add)
                         : (relu ? normalise_relu : normalise_plain);
  walk.each([&](Span span) { kernel(span, args); });
}

void gradient_sums(const float *dy, const float *y, const float *x,
                   Extent extent, const float *mean, float *kept, double *sum,
                   double *products) {
  Walk walk(extent);
  auto means = walk.repeated(mean);
  auto kernel = y ? (kept ? sums_masked_kept : sums_masked)
                  : (kept ? sums_kept : sums_plain);
  two_sums(walk, sum, products, [&](Span span, double *s, double *p) {
    kernel(span, {dy, y, x, means.data(), kept, s, p});
  });
}

void input_gradient(const float *dy, const float *y, const float *x,
                    Extent extent, const float *mean, const float *scale,
                    const float *slope, const float *shift, float *dx) {
  Walk walk(extent);
  auto means = walk.repeated(mean), scales = walk.repeated(scale),
       slopes = walk.repeated(slope), shifts = walk.repeated(shift);
  GradientArgs args{
      dy, y, x, means.data(), scales.data(), slopes.data(), shifts.data(), dx};
  auto kernel = y ? gradient_masked : gradient_plain;
  walk.each([&](Span span) { kernel(span, args); });
}

} // namespace backfire
