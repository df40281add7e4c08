#pragma GCC optimize("fp-contract=off")

#include "winograd_tiles.h"
#include "kernel_set.h"

#include <algorithm>

namespace backfire {
namespace {

void transform_lines(const Tiles &tiles, int64_t group, const Images &x,
                     int64_t channels, const Planes &into, int64_t pixels) {
  static thread_local Workspace scratch, zeros;
  int64_t lanes = into.lanes, margin = pixels == kPatch;
  int64_t row_length = tiles.width * channels;
  PointLine line{{},
                 x.scale,
                 x.shift,
                 0,
                 0,
                 tiles.width,
                 channels,
                 tiles.columns,
                 scratch.floats((tiles.columns * kTile + 2) * kPatch * lanes),
                 into.data,
                 into.plane,
                 into.block};
  float *outside = zeros.floats(row_length);
  std::fill_n(outside, row_length, 0.0f);
  const auto &loops = kernels().winograd_for(lanes);
  auto transform = pixels == kPatch ? loops.data : loops.gradient;
  for (int64_t i = tiles.begin(group); i < tiles.end(group); ++i) {
    const float *image = x.data + i / tiles.rows * tiles.height * row_length;
    int64_t top = i % tiles.rows * kTile - margin;
    line.first = std::max<int64_t>(-top, 0);
    line.last = std::min(tiles.height - top, pixels);
    for (int64_t r = 0; r < pixels; ++r) {
      int64_t row = top + r;
      line.rows[r] =
          row < 0 || row >= tiles.height ? outside : image + row * row_length;
    }
    transform(line);
    line.into += tiles.columns * lanes;
  }
}

} // namespace

int64_t winograd_lanes(const Convolution &c) {
  return kernels().lanes_for(c.in, c.out);
}

void data_points(const Tiles &tiles, int64_t group, const Images &x,
                 int64_t channels, const Planes &into) {
  transform_lines(tiles, group, x, channels, into, kPatch);
}

void gradient_points(const Tiles &tiles, int64_t group, const float *dy,
                     int64_t channels, const Planes &into) {
  transform_lines(tiles, group, {dy}, channels, into, kTile);
}

void result_pixels(const Tiles &tiles, int64_t group, const Planes &m,
                   int64_t count, int64_t channels, bool add, float *y) {
  PixelLine line{m.data,      m.plane, m.block,  tiles.columns, 0,
                 tiles.width, count,   channels, add,           nullptr};
  auto transform = kernels().winograd_for(m.lanes).pixels;
  for (int64_t i = tiles.begin(group); i < tiles.end(group); ++i) {
    int64_t row = i % tiles.rows * kTile;
    line.height = std::min(kTile, tiles.height - row);
    line.y = y + (i / tiles.rows * tiles.height + row) * tiles.width * channels;
    transform(line);
    line.m += tiles.columns * m.lanes;
  }
}

} // namespace backfire
