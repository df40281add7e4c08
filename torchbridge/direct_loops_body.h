// The loops of direct_loops.h; see lanes.h for what may be used here.
#include "direct_loops.h"
#include "lanes.h"

namespace backfire {
namespace {

// Pixels that are summed in registers together with two vectors of channels,
// and with one: twelve of sixteen registers, or sixteen of 32. More pixels
// would need more pointers than there are registers for.
template <class L>
constexpr int kPixelsWide = !kInRegisters    ? 1
                            : L::kLanes == 8 ? 6
                                             : 8;
template <class L> constexpr int kPixelsNarrow = kInRegisters ? 8 : 1;

template <class L, int kCount, int kVectors>
INLINE void sweep_tile(const Sweep &s, int64_t at) {
  typename L::Vector sum[kCount][kVectors] = {};
  if (!s.first)
#pragma GCC unroll 8
    for (int p = 0; p < kCount; ++p)
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j)
        sum[p][j] = load<L>(s.result + s.to[at + p] + j * L::kLanes);
  const float *panel = s.panel;
  for (int64_t r = 0; r < s.count; ++r) {
    const float *source = s.source + s.runs[r].from, *x[kCount];
#pragma GCC unroll 8
    for (int p = 0; p < kCount; ++p)
      x[p] = source + s.from[at + p];
    for (int64_t k = 0; k < s.runs[r].length; ++k) {
      typename L::Vector w[kVectors];
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j)
        w[j] = load<L>(panel + j * L::kLanes);
      panel += kVectors * L::kLanes;
#pragma GCC unroll 8
      for (int p = 0; p < kCount; ++p)
#pragma GCC unroll 2
        for (int j = 0; j < kVectors; ++j)
          sum[p][j] = fma(x[p][k], w[j], sum[p][j]);
    }
  }
#pragma GCC unroll 8
  for (int p = 0; p < kCount; ++p)
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j)
      store<L>(s.result + s.to[at + p] + j * L::kLanes, sum[p][j]);
}

template <class L, int kCount, int kVectors>
INLINE void sweep_some(const Sweep &s, int64_t from, int64_t to, int64_t size) {
  if constexpr (kCount > 1)
    if (size < kCount)
      return sweep_some<L, kCount - 1, kVectors>(s, from, to, size);
  for (int64_t at = from; at < to; at += kCount)
    sweep_tile<L, kCount, kVectors>(s, at);
}

// Cuts the pixels into as few pieces as possible, which differ by one at most.
template <class L, int kCount, int kVectors> void sweep(const Sweep &s) {
  if (s.pixels == 0)
    return;
  int64_t pieces = (s.pixels + kCount - 1) / kCount, size = s.pixels / pieces;
  int64_t larger = s.pixels % pieces * (size + 1);
  sweep_some<L, kCount, kVectors>(s, 0, larger, size + 1);
  sweep_some<L, kCount, kVectors>(s, larger, s.pixels, size);
}

// Output channels whose sums are made together. With three vectors of input
// each that takes twelve of sixteen registers, or 24 of 32.
template <class L> constexpr int kTileRows = L::kLanes == 8 ? 4 : 8;

template <class L, int kVectors> void accumulate_tile(const GradientTile &t) {
  constexpr int kRows = kTileRows<L>;
  typename L::Vector sum[kRows][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v)
      sum[r][v] = load<L>(t.sums + (r * kVectors + v) * L::kLanes);
  const float *dy = t.dy;
  for (int64_t i = 0; i < t.images; ++i)
    for (int64_t h = 0; h < t.rows; ++h) {
      const float *x = t.x + i * t.image_length + h * t.row_length;
      for (int64_t w = 0; w < t.columns; ++w, x += t.step, dy += 8) {
        typename L::Vector pixel[kVectors];
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v)
          pixel[v] = load<L>(x + v * L::kLanes);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 3
          for (int v = 0; v < kVectors; ++v)
            sum[r][v] = fma(dy[r], pixel[v], sum[r][v]);
      }
    }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v)
      store<L>(t.sums + (r * kVectors + v) * L::kLanes, sum[r][v]);
}

template <class L, int kTaps> INLINE void stem_taps(const StemTile &t) {
  typename L::Vector sum[kTaps];
#pragma GCC unroll 12
  for (int k = 0; k < kTaps; ++k)
    sum[k] = load<L>(t.sums + k * L::kLanes);
  for (int64_t h = 0; h < t.rows; ++h) {
    const float *x = t.x + h * t.row_length, *dy = t.dy + h * t.dy_row;
    for (int64_t w = 0; w < t.columns; ++w, x += t.step, dy += t.dy_step) {
      typename L::Vector g = load<L>(dy);
#pragma GCC unroll 12
      for (int k = 0; k < kTaps; ++k)
        sum[k] = fma(x[k], g, sum[k]);
    }
  }
#pragma GCC unroll 12
  for (int k = 0; k < kTaps; ++k)
    store<L>(t.sums + k * L::kLanes, sum[k]);
}

template <class L> void stem_tile(const StemTile &t) {
  switch (t.taps) {
  case 3:
    return stem_taps<L, 3>(t);
  case 6:
    return stem_taps<L, 6>(t);
  case 9:
    return stem_taps<L, 9>(t);
  default:
    return stem_taps<L, 12>(t);
  }
}

template <class L>
void copy_vectors(const float *from, int64_t count, int64_t stride,
                  int64_t step, float *to) {
  for (int64_t i = 0; i < count; ++i)
    store<L>(to + i * step, load<L>(from + i * stride));
}

template <class L>
void add_up(const float *from, int64_t parts, int64_t length, int64_t vectors,
            float *to, int64_t step) {
  for (int64_t v = 0; v < vectors; ++v) {
    typename L::Vector sum = load<L>(from + v * L::kLanes);
    for (int64_t i = 1; i < parts; ++i)
      sum = sum + load<L>(from + i * length + v * L::kLanes);
    store<L>(to + v * step, sum);
  }
}

template <class L> constexpr DirectLoops direct_loops() {
  return {kTileRows<L>,
          {sweep<L, kPixelsNarrow<L>, 1>, sweep<L, kPixelsWide<L>, 2>},
          {accumulate_tile<L, 1>, accumulate_tile<L, 2>, accumulate_tile<L, 3>},
          stem_tile<L>,
          copy_vectors<L>,
          add_up<L>};
}

} // namespace
} // namespace backfire
