// The loops of norm_loops.h; see lanes.h for what may be used here.
#include "lanes.h"
#include "norm_loops.h"

namespace backfire {
namespace {

// Vectors of a tile whose sums are made together, in registers.
template <class L>
constexpr int kTogether = kNormTile / L::kLanes < 4 ? kNormTile / L::kLanes : 4;

// The gradient behind ReLU of the numbers at `at`, whose channels are those at
// `channel` in a row.
template <class L, Passing kPassing, class Args>
INLINE typename L::Vector passed(const Args &a, int64_t at, int64_t channel) {
  typename L::Vector g = load<L>(a.dy + at);
  if constexpr (kPassing == kByResult)
    g = where_positive(load<L>(a.y + at), g);
  if constexpr (kPassing == kBySource)
    g = where_positive(fma(load<L>(a.x + at),
                           load<L>(a.forward_scale + channel),
                           load<L>(a.forward_shift + channel)),
                       g);
  return g;
}
template <Passing kPassing, class Args>
INLINE float passed(const Args &a, int64_t at, int64_t channel) {
  bool passes = true;
  if (kPassing == kByResult)
    passes = a.y[at] > 0;
  if (kPassing == kBySource)
    passes = __builtin_fmaf(a.x[at], a.forward_scale[channel],
                            a.forward_shift[channel]) > 0;
  return passes ? a.dy[at] : 0;
}

INLINE int64_t whole_of(const Span &span) {
  return span.begin + (span.end - span.begin) / span.period * span.period;
}

// Adds a tile's sums to those in double.
template <class L>
INLINE void add_tile(const typename L::Vector *s, double *sums) {
  float values[kTogether<L> * L::kLanes];
  for (int i = 0; i < kTogether<L>; ++i)
    store<L>(values + i * L::kLanes, s[i]);
  for (int i = 0; i < kTogether<L> * L::kLanes; ++i)
    sums[i] += static_cast<double>(values[i]);
}

template <class L> void moments_loop(const Span &span, const MomentsArgs &a) {
  using V = typename L::Vector;
  int64_t whole = whole_of(span);
  for (int64_t t = 0; t < span.period; t += kTogether<L> * L::kLanes) {
    V pivot[kTogether<L>], s[kTogether<L>] = {}, q[kTogether<L>] = {};
#pragma GCC unroll 4
    for (int i = 0; i < kTogether<L>; ++i)
      pivot[i] = load<L>(a.pivot + t + i * L::kLanes);
    for (int64_t at = span.begin + t; at < whole; at += span.period)
#pragma GCC unroll 4
      for (int i = 0; i < kTogether<L>; ++i) {
        V d = load<L>(a.x + at + i * L::kLanes) - pivot[i];
        s[i] = s[i] + d;
        q[i] = fma(d, d, q[i]);
      }
    add_tile<L>(s, a.sum + t);
    add_tile<L>(q, a.squares + t);
  }
  for (int64_t at = whole; at < span.end; ++at) {
    float d = a.x[at] - a.pivot[at - whole];
    float square = d * d;
    a.sum[at - whole] += static_cast<double>(d);
    a.squares[at - whole] += static_cast<double>(square);
  }
}

template <class L, bool kResidual, bool kRelu>
void normalise_loop(const Span &span, const NormaliseArgs &a) {
  using V = typename L::Vector;
  int64_t whole = whole_of(span);
  for (int64_t row = span.begin; row < whole; row += span.period)
    for (int64_t t = 0; t < span.period; t += L::kLanes) {
      V v = fma(load<L>(a.x + row + t), load<L>(a.scale + t),
                load<L>(a.shift + t));
      if constexpr (kResidual)
        v = v + load<L>(a.residual + row + t);
      store<L>(a.y + row + t, kRelu ? rectified(v) : v);
    }
  for (int64_t at = whole; at < span.end; ++at) {
    float v = __builtin_fmaf(a.x[at], a.scale[at - whole], a.shift[at - whole]);
    if (kResidual)
      v += a.residual[at];
    a.y[at] = kRelu && v < 0 ? 0 : v;
  }
}

template <class L, Passing kPassing, bool kKept>
void sums_loop(const Span &span, const SumsArgs &a) {
  using V = typename L::Vector;
  int64_t whole = whole_of(span);
  for (int64_t t = 0; t < span.period; t += kTogether<L> * L::kLanes) {
    V mean[kTogether<L>], s[kTogether<L>] = {}, p[kTogether<L>] = {};
#pragma GCC unroll 4
    for (int i = 0; i < kTogether<L>; ++i)
      mean[i] = load<L>(a.mean + t + i * L::kLanes);
    for (int64_t row = span.begin + t; row < whole; row += span.period)
#pragma GCC unroll 4
      for (int i = 0; i < kTogether<L>; ++i) {
        int64_t at = row + i * L::kLanes;
        V g = passed<L, kPassing>(a, at, t + i * L::kLanes);
        if constexpr (kKept)
          store<L>(a.kept + at, g);
        s[i] = s[i] + g;
        p[i] = fma(g, load<L>(a.x + at) - mean[i], p[i]);
      }
    add_tile<L>(s, a.sum + t);
    add_tile<L>(p, a.products + t);
  }
  for (int64_t at = whole; at < span.end; ++at) {
    float g = passed<kPassing>(a, at, at - whole);
    if (kKept)
      a.kept[at] = g;
    float product = g * (a.x[at] - a.mean[at - whole]);
    a.sum[at - whole] += static_cast<double>(g);
    a.products[at - whole] += static_cast<double>(product);
  }
}

template <class L, Passing kPassing>
void gradient_loop(const Span &span, const GradientArgs &a) {
  using V = typename L::Vector;
  int64_t whole = whole_of(span);
  for (int64_t row = span.begin; row < whole; row += span.period)
    for (int64_t t = 0; t < span.period; t += L::kLanes) {
      int64_t at = row + t;
      V g = passed<L, kPassing>(a, at, t);
      V rest = fma(load<L>(a.x + at) - load<L>(a.mean + t),
                   load<L>(a.slope + t), load<L>(a.shift + t));
      store<L>(a.dx + at, fma(g, load<L>(a.scale + t), rest));
    }
  for (int64_t at = whole; at < span.end; ++at) {
    int64_t c = at - whole;
    float g = passed<kPassing>(a, at, c);
    a.dx[at] = __builtin_fmaf(
        g, a.scale[c],
        __builtin_fmaf(a.x[at] - a.mean[c], a.slope[c], a.shift[c]));
  }
}

template <class L> constexpr NormLoops norm_loops() {
  return {moments_loop<L>,
          {{normalise_loop<L, false, false>, normalise_loop<L, false, true>},
           {normalise_loop<L, true, false>, normalise_loop<L, true, true>}},
          {{sums_loop<L, kEverywhere, false>, sums_loop<L, kEverywhere, true>},
           {sums_loop<L, kByResult, false>, sums_loop<L, kByResult, true>},
           {sums_loop<L, kBySource, false>, sums_loop<L, kBySource, true>}},
          {gradient_loop<L, kEverywhere>, gradient_loop<L, kByResult>,
           gradient_loop<L, kBySource>}};
}

} // namespace
} // namespace backfire
