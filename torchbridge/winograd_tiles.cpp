#include "winograd_tiles.h"

#include <algorithm>

namespace backfire {
namespace {

// One line of tiles.
struct Line {
  const float *rows[kPatch]; // of pixels; those outside the image are zeros
  int64_t width, channels, columns;
  float *scratch, *into; // for one vector of channels of a line; planes
  int64_t plane, block;
};

template <int kPixels, class V> INLINE void transform(const V *d, V *v) {
  kPixels == kPatch ? transform_data(d, v) : transform_gradient(d, v);
}

// Transforms columns of pixels first, which neighbours share, then their rows.
// kPixels: 6, a patch of data that begins one pixel before its tile, or 4, a
// tile of a gradient.
template <class L, int kPixels> INLINE void to_points(const Line &a) {
  using V = typename L::Vector;
  constexpr int kMargin = kPixels == kPatch;
  constexpr int64_t kColumn = kPatch * L::kLanes;
  int64_t padded = a.columns * kTile + 2 * kMargin;
  std::fill_n(a.scratch, kMargin * kColumn, 0.0f);
  std::fill_n(a.scratch + (kMargin + a.width) * kColumn,
              (padded - kMargin - a.width) * kColumn, 0.0f);
  for (int64_t c = 0; c < a.channels; c += L::kLanes) {
    float *column = a.scratch + kMargin * kColumn;
    for (int64_t at = c; at < a.width * a.channels;
         at += a.channels, column += kColumn) {
      V d[kPixels], v[kPatch];
#pragma GCC unroll 6
      for (int i = 0; i < kPixels; ++i)
        load<L>(d[i], a.rows[i] + at);
      transform<kPixels>(d, v);
#pragma GCC unroll 6
      for (int i = 0; i < kPatch; ++i)
        store<L>(column + i * L::kLanes, v[i]);
    }
    float *into = a.into + c / L::kLanes * a.block;
    column = a.scratch;
    for (int64_t t = 0; t < a.columns;
         ++t, column += kTile * kColumn, into += L::kLanes)
#pragma GCC unroll 6
      for (int i = 0; i < kPatch; ++i) {
        V d[kPixels], v[kPatch];
#pragma GCC unroll 6
        for (int j = 0; j < kPixels; ++j)
          load<L>(d[j], column + j * kColumn + i * L::kLanes);
        transform<kPixels>(d, v);
#pragma GCC unroll 6
        for (int j = 0; j < kPatch; ++j)
          store<L>(into + (i * kPatch + j) * a.plane, v[j]);
      }
  }
}

// One line of results.
struct Pixels {
  const float *m;
  int64_t plane, block;
  int64_t columns, height, width; // height: of the line, up to four
  int64_t count, channels;
  float *y;
};

template <class L> INLINE void to_pixels(const Pixels &a) {
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
          load<L>(d[i], m + (i * kPatch + j) * a.plane);
        transform_result(d, v);
#pragma GCC unroll 4
        for (int i = 0; i < kTile; ++i)
          columns[i][j] = v[i];
      }
      int64_t width = std::min(a.width - t * kTile, kTile);
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
            store<L>(row + j * a.channels, v[j]);
      }
    }
  }
}

FOR_AVX2 void data_avx2(const Line &a) { to_points<Eight, kPatch>(a); }
FOR_AVX2 void gradient_avx2(const Line &a) { to_points<Eight, kTile>(a); }
FOR_AVX2 void pixels_avx2(const Pixels &a) { to_pixels<Eight>(a); }
FOR_AVX512 void data_avx512(const Line &a) { to_points<Sixteen, kPatch>(a); }
FOR_AVX512 void gradient_avx512(const Line &a) { to_points<Sixteen, kTile>(a); }
FOR_AVX512 void pixels_avx512(const Pixels &a) { to_pixels<Sixteen>(a); }

void transform_lines(const Tiles &tiles, int64_t group, const float *x,
                     int64_t channels, const Planes &into, int64_t pixels) {
  static thread_local Workspace scratch, zeros;
  int64_t lanes = into.lanes, margin = pixels == kPatch;
  int64_t row_length = tiles.width * channels;
  Line line{{},
            tiles.width,
            channels,
            tiles.columns,
            scratch.floats((tiles.columns * kTile + 2) * kPatch * lanes),
            into.data,
            into.plane,
            into.block};
  float *outside = zeros.floats(row_length);
  std::fill_n(outside, row_length, 0.0f);
  bool wide = lanes == Sixteen::kLanes;
  auto transform = pixels == kPatch ? (wide ? data_avx512 : data_avx2)
                                    : (wide ? gradient_avx512 : gradient_avx2);
  for (int64_t i = tiles.begin(group); i < tiles.end(group); ++i) {
    const float *image = x + i / tiles.rows * tiles.height * row_length;
    for (int64_t r = 0; r < pixels; ++r) {
      int64_t row = i % tiles.rows * kTile - margin + r;
      line.rows[r] =
          row < 0 || row >= tiles.height ? outside : image + row * row_length;
    }
    transform(line);
    line.into += tiles.columns * lanes;
  }
}

} // namespace

int64_t winograd_lanes(const Convolution &c) {
  bool wide = capability() == Capability::kAVX512 &&
              c.in % Sixteen::kLanes == 0 && c.out % Sixteen::kLanes == 0;
  return wide ? Sixteen::kLanes : Eight::kLanes;
}

void data_points(const Tiles &tiles, int64_t group, const float *x,
                 int64_t channels, const Planes &into) {
  transform_lines(tiles, group, x, channels, into, kPatch);
}

void gradient_points(const Tiles &tiles, int64_t group, const float *dy,
                     int64_t channels, const Planes &into) {
  transform_lines(tiles, group, dy, channels, into, kTile);
}

void result_pixels(const Tiles &tiles, int64_t group, const Planes &m,
                   int64_t count, int64_t channels, float *y) {
  Pixels line{m.data,      m.plane, m.block,  tiles.columns, 0,
              tiles.width, count,   channels, nullptr};
  auto transform = m.lanes == Sixteen::kLanes ? pixels_avx512 : pixels_avx2;
  for (int64_t i = tiles.begin(group); i < tiles.end(group); ++i) {
    int64_t row = i % tiles.rows * kTile;
    line.height = std::min(kTile, tiles.height - row);
    line.y = y + (i / tiles.rows * tiles.height + row) * tiles.width * channels;
    transform(line);
    line.m += tiles.columns * m.lanes;
  }
}

} // namespace backfire
