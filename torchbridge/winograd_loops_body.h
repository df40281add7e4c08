// The loops of winograd_loops.h; see lanes.h for what may be used here.
#include "lanes.h"
#include "winograd_loops.h"
#include "winograd_transforms.h"

namespace backfire {
namespace {

INLINE void clear(float *p, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    p[i] = 0;
}

template <int kPixels, class V> INLINE void transform(const V *d, V *v) {
  kPixels == kPatch ? transform_data(d, v) : transform_gradient(d, v);
}

// The pixels of a column. With kWhole all rows are of the image.
template <class L, int kPixels, bool kRectified, bool kWhole>
INLINE void transform_columns(const PointLine &a, int64_t c, float *column) {
  using V = typename L::Vector;
  V scale = {}, shift = {};
  if constexpr (kRectified) {
    scale = load<L>(a.scale + c);
    shift = load<L>(a.shift + c);
  }
  for (int64_t at = c; at < a.width * a.channels;
       at += a.channels, column += kPatch * L::kLanes) {
    V d[kPixels], v[kPatch];
#pragma GCC unroll 6
    for (int i = 0; i < kPixels; ++i) {
      d[i] = load<L>(a.rows[i] + at);
      if constexpr (kRectified)
        if (kWhole || (i >= a.first && i < a.last))
          d[i] = rectified(fma(d[i], scale, shift));
    }
    transform<kPixels>(d, v);
#pragma GCC unroll 6
    for (int i = 0; i < kPatch; ++i)
      store<L>(column + i * L::kLanes, v[i]);
  }
}

// Transforms columns of pixels first, which neighbours share, then their rows.
// kPixels: 6, a patch of data that begins one pixel before its tile, or 4, a
// tile of a gradient.
template <class L, int kPixels> void to_points(const PointLine &a) {
  using V = typename L::Vector;
  constexpr int kMargin = kPixels == kPatch;
  constexpr int64_t kColumn = kPatch * L::kLanes;
  int64_t padded = a.columns * kTile + 2 * kMargin;
  clear(a.scratch, kMargin * kColumn);
  clear(a.scratch + (kMargin + a.width) * kColumn,
        (padded - kMargin - a.width) * kColumn);
  for (int64_t c = 0; c < a.channels; c += L::kLanes) {
    float *column = a.scratch + kMargin * kColumn;
    if (!a.scale)
      transform_columns<L, kPixels, false, true>(a, c, column);
    else if (a.first == 0 && a.last == kPixels)
      transform_columns<L, kPixels, true, true>(a, c, column);
    else
      transform_columns<L, kPixels, true, false>(a, c, column);
    float *into = a.into + c / L::kLanes * a.block;
    column = a.scratch;
    for (int64_t t = 0; t < a.columns;
         ++t, column += kTile * kColumn, into += L::kLanes)
#pragma GCC unroll 6
      for (int i = 0; i < kPatch; ++i) {
        V d[kPixels], v[kPatch];
#pragma GCC unroll 6
        for (int j = 0; j < kPixels; ++j)
          d[j] = load<L>(column + j * kColumn + i * L::kLanes);
        transform<kPixels>(d, v);
#pragma GCC unroll 6
        for (int j = 0; j < kPatch; ++j)
          store<L>(into + (i * kPatch + j) * a.plane, v[j]);
      }
  }
}

template <class L> void to_pixels(const PixelLine &a) {
  using V = typename L::Vector;
  for (int64_t c = 0; c < a.count; c += L::kLanes) {
    const float *m = a.m + c / L::kLanes * a.block;
    float *y = a.y + c;
    for (int64_t t = 0; t < a.columns;
         ++t, m += L::kLanes, y += kTile * a.channels) {
      V columns[kTile][kPatch];
#pragma GCC unroll 6
      for (int j = 0; j < kPatch; ++j) {
        V d[kPatch], v[kTile];
#pragma GCC unroll 6
        for (int i = 0; i < kPatch; ++i)
          d[i] = load<L>(m + (i * kPatch + j) * a.plane);
        transform_result(d, v);
#pragma GCC unroll 4
        for (int i = 0; i < kTile; ++i)
          columns[i][j] = v[i];
      }
      int64_t width = least(a.width - t * kTile, kTile);
#pragma GCC unroll 4
      for (int i = 0; i < kTile; ++i) {
        if (i >= a.height)
          break;
        V v[kTile];
        transform_result(columns[i], v);
        float *row = y + i * a.width * a.channels;
#pragma GCC unroll 4
        for (int j = 0; j < kTile; ++j)
          if (j < width)
            store<L>(row + j * a.channels,
                     a.add ? load<L>(row + j * a.channels) + v[j] : v[j]);
      }
    }
  }
}

// Tiles times vectors of channels that are summed in registers: twelve of
// sixteen, or 24 of 32.
template <class L>
constexpr int kTilesWide = !kInRegisters    ? 1
                           : L::kLanes == 8 ? 6
                                            : 12;
constexpr int kTilesNarrow = kInRegisters ? 12 : 1;

template <class L, int kTiles, int kVectors>
INLINE void multiply(const PointProduct &a, int64_t at) {
  typename L::Vector sum[kTiles][kVectors] = {};
  float *m = a.m + at * L::kLanes;
  if (!a.first)
#pragma GCC unroll 12
    for (int t = 0; t < kTiles; ++t)
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j)
        sum[t][j] = load<L>(m + j * a.m_block + t * L::kLanes);
  const float *u = a.u, *v = a.v + at * L::kLanes;
  for (int64_t c = 0; c < a.channels; c += L::kLanes, v += a.v_block)
#pragma GCC unroll 4
    for (int i = 0; i < L::kLanes; ++i, u += kVectors * L::kLanes) {
      typename L::Vector w[kVectors];
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j)
        w[j] = load<L>(u + j * L::kLanes);
#pragma GCC unroll 12
      for (int t = 0; t < kTiles; ++t)
#pragma GCC unroll 2
        for (int j = 0; j < kVectors; ++j)
          sum[t][j] = fma(v[t * L::kLanes + i], w[j], sum[t][j]);
    }
#pragma GCC unroll 12
  for (int t = 0; t < kTiles; ++t)
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j)
      store<L>(m + j * a.m_block + t * L::kLanes, sum[t][j]);
}

template <class L, int kTiles, int kVectors>
INLINE void multiply_some(const PointProduct &a, int64_t from, int64_t to,
                          int64_t size) {
  if constexpr (kTiles > 1)
    if (size < kTiles)
      return multiply_some<L, kTiles - 1, kVectors>(a, from, to, size);
  for (int64_t at = from; at < to; at += kTiles)
    multiply<L, kTiles, kVectors>(a, at);
}

// Cuts the tiles into as few pieces as possible, which differ by one at most.
template <class L, int kTiles, int kVectors>
void multiply_all(const PointProduct &a) {
  int64_t pieces = (a.count + kTiles - 1) / kTiles, size = a.count / pieces;
  int64_t larger = a.count % pieces * (size + 1);
  multiply_some<L, kTiles, kVectors>(a, 0, larger, size + 1);
  multiply_some<L, kTiles, kVectors>(a, larger, a.count, size);
}

template <class L> void filter_points(const Filter &a) {
  using V = typename L::Vector;
  for (int64_t n = 0; n < a.count; ++n) {
    const float *taps = a.taps + n * 9 * L::kLanes;
    float *u = a.u + n * a.step;
    V columns[kPatch][3];
#pragma GCC unroll 3
    for (int j = 0; j < 3; ++j) {
      V g[3], v[kPatch];
#pragma GCC unroll 3
      for (int i = 0; i < 3; ++i)
        g[i] = load<L>(taps + (i * 3 + j) * L::kLanes);
      transform_filter(g, v);
#pragma GCC unroll 6
      for (int i = 0; i < kPatch; ++i)
        columns[i][j] = v[i];
    }
#pragma GCC unroll 6
    for (int i = 0; i < kPatch; ++i) {
      V v[kPatch];
      transform_filter(columns[i], v);
#pragma GCC unroll 6
      for (int j = 0; j < kPatch; ++j)
        store<L>(u + (i * kPatch + j) * a.plane, v[j]);
    }
  }
}

template <class L, int kHeight, int kVectors>
INLINE void accumulate(const TileProduct &a, const float *d, const float *v,
                       float *sums) {
  typename L::Vector sum[kHeight][kVectors] = {};
  if (!a.first)
#pragma GCC unroll 8
    for (int r = 0; r < kHeight; ++r)
#pragma GCC unroll 3
      for (int j = 0; j < kVectors; ++j)
        sum[r][j] = load<L>(sums + r * a.length + j * L::kLanes);
#pragma GCC unroll 2
  for (int64_t t = 0; t < a.count; ++t, d += L::kLanes, v += L::kLanes) {
    typename L::Vector data[kVectors];
#pragma GCC unroll 3
    for (int j = 0; j < kVectors; ++j)
      data[j] = load<L>(v + j * a.v_block);
#pragma GCC unroll 8
    for (int r = 0; r < kHeight; ++r)
#pragma GCC unroll 3
      for (int j = 0; j < kVectors; ++j)
        sum[r][j] = fma(d[r], data[j], sum[r][j]);
  }
#pragma GCC unroll 8
  for (int r = 0; r < kHeight; ++r)
#pragma GCC unroll 3
    for (int j = 0; j < kVectors; ++j)
      store<L>(sums + r * a.length + j * L::kLanes, sum[r][j]);
}

// Rows of sums, times vectors, that are made in registers.
template <class L, int kHeight, int kVectors>
INLINE void accumulate_rows(const TileProduct &a, int64_t column) {
  for (int64_t r = 0; r < a.rows; r += kHeight)
    accumulate<L, kHeight, kVectors>(
        a, a.d + r / L::kLanes * a.d_block + r % L::kLanes,
        a.v + column / L::kLanes * a.v_block, a.sums + r * a.length + column);
}

template <class L> void accumulate_all(const TileProduct &a) {
  constexpr int kHeight = L::kLanes == 8 ? 4 : 8;
  for (int64_t c = 0; c < a.columns;) {
    int64_t left = (a.columns - c) / L::kLanes;
    if (left == 1) {
      accumulate_rows<L, 8, 1>(a, c);
      c += L::kLanes;
    } else if (left == 2 || left == 4) {
      accumulate_rows<L, kHeight, 2>(a, c);
      c += 2 * L::kLanes;
    } else {
      accumulate_rows<L, kHeight, 3>(a, c);
      c += 3 * L::kLanes;
    }
  }
}

template <class L> void to_weights(const PointSums &a) {
  using V = typename L::Vector;
  for (int64_t c = 0; c < a.columns; c += L::kLanes) {
    V columns[3][kPatch];
#pragma GCC unroll 6
    for (int j = 0; j < kPatch; ++j) {
      V m[kPatch], w[3];
#pragma GCC unroll 6
      for (int i = 0; i < kPatch; ++i) {
        const float *from = a.sums + (i * kPatch + j) * a.plane + c;
        m[i] = load<L>(from);
        for (int64_t p = 1; p < a.parts; ++p)
          m[i] = m[i] + load<L>(from + p * a.length);
      }
      transform_weights(m, w);
#pragma GCC unroll 3
      for (int i = 0; i < 3; ++i)
        columns[i][j] = w[i];
    }
#pragma GCC unroll 3
    for (int i = 0; i < 3; ++i) {
      V w[3];
      transform_weights(columns[i], w);
#pragma GCC unroll 3
      for (int j = 0; j < 3; ++j)
        store<L>(a.dweight + (i * 3 + j) * a.tap + c, w[j]);
    }
  }
}

template <class L> constexpr WinogradLoops winograd_loops() {
  return {to_points<L, kPatch>,
          to_points<L, kTile>,
          to_pixels<L>,
          {multiply_all<L, kTilesNarrow, 1>, multiply_all<L, kTilesWide<L>, 2>},
          filter_points<L>,
          accumulate_all<L>,
          to_weights<L>};
}

} // namespace
} // namespace backfire
