#include "conv_bands.h"
#include "conv_kernels.h"
#include "vectors.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <memory>
#include <vector>

// The gradient of the weights: sums over pixels of products of the input with
// the result's gradient.

namespace backfire {
namespace {

using L = Eight;

// Output channels whose sums are made together. With three vectors of input
// each that takes twelve of sixteen registers.
constexpr int64_t kRows = 4;
constexpr int64_t kBandPixels = 512;
// Parts of the sums, over images of their own, that are added up at the end:
// as many as fit into so many floats.
constexpr int64_t kParts = 16, kPartFloats = int64_t(1) << 20;

// One tile's input and gradients: `images` of `rows` of `columns` pixels.
struct Tile {
  const float *x, *dy;
  int64_t images, rows, columns;
  int64_t image_length, row_length, step; // floats of x
  float *sums;                            // [kRows][vectors]
};

template <int kVectors> INLINE void accumulate(const Tile &t) {
  L::Vector sum[kRows][kVectors];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v)
      load<L>(sum[r][v], t.sums + (r * kVectors + v) * L::kLanes);
  const float *dy = t.dy;
  for (int64_t i = 0; i < t.images; ++i)
    for (int64_t h = 0; h < t.rows; ++h) {
      const float *x = t.x + i * t.image_length + h * t.row_length;
      for (int64_t w = 0; w < t.columns; ++w, x += t.step, dy += kRows) {
        L::Vector pixel[kVectors];
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v)
          load<L>(pixel[v], x + v * L::kLanes);
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 3
          for (int v = 0; v < kVectors; ++v)
            sum[r][v] += dy[r] * pixel[v];
      }
    }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v)
      store<L>(t.sums + (r * kVectors + v) * L::kLanes, sum[r][v]);
}
FOR_AVX2 void accumulate_one(const Tile &t) { accumulate<1>(t); }
FOR_AVX2 void accumulate_two(const Tile &t) { accumulate<2>(t); }
FOR_AVX2 void accumulate_three(const Tile &t) { accumulate<3>(t); }

// How the work is cut up. Channels of the input are taken `block` at a time: in
// the copy they lie side by side pixel by pixel, so that a row of the kernel is
// `vectors` vectors.
struct Plan {
  Convolution c;
  int64_t padding, block, blocks, vectors, groups, padded_width;
  Bands bands;

  explicit Plan(const Convolution &c)
      : c(c), padding(c.kernel / 2),
        block(c.kernel == 1 && c.in % (2 * L::kLanes) == 0 ? 2 * L::kLanes
                                                           : L::kLanes),
        blocks(c.in / block), vectors(c.kernel * block / L::kLanes),
        groups(c.out / kRows), padded_width(c.width + 2 * padding),
        bands(c.images, c.out_height(), c.out_width(), kBandPixels) {}

  int64_t rows(int64_t out_rows) const {
    return (out_rows - 1) * c.stride + 1 + 2 * padding;
  }
  // Floats of a block of a band's input.
  int64_t block_length() const {
    return bands.per_band * rows(bands.rows) * padded_width * block;
  }
  int64_t band_pixels() const {
    return bands.per_band * bands.rows * c.out_width();
  }
  // Sums of kRows output channels: [kernel][blocks][kRows][vectors].
  int64_t group_length() const {
    return c.kernel * blocks * kRows * vectors * L::kLanes;
  }

  void copy_input(const Band &band, const float *x, float *into) const;
  void copy_gradient(const Band &band, const float *dy, int64_t from,
                     int64_t to, float *into) const;
  void add(const Band &band, const float *x, const float *dy, int64_t from,
           int64_t to, float *sums) const;
};

// Writes [blocks][images][rows][padded_width][block].
void Plan::copy_input(const Band &band, const float *x, float *into) const {
  for (int64_t i = 0; i < band.images; ++i)
    for (int64_t r = 0; r < rows(band.rows); ++r) {
      int64_t row = band.row * c.stride - padding + r;
      float *line = into + (i * rows(band.rows) + r) * padded_width * block;
      bool inside = row >= 0 && row < c.height;
      const float *from =
          x + ((band.image + i) * c.height + row) * c.width * c.in;
      for (int64_t b = 0; b < blocks; ++b, line += block_length()) {
        if (!inside) {
          std::fill_n(line, padded_width * block, 0.0f);
          continue;
        }
        std::fill_n(line, padding * block, 0.0f);
        std::fill_n(line + (padding + c.width) * block, padding * block, 0.0f);
        float *pixel = line + padding * block;
        for (int64_t w = 0; w < c.width; ++w)
          for (int64_t k = 0; k < block; k += L::kLanes)
            std::copy_n(from + w * c.in + b * block + k, L::kLanes,
                        pixel + w * block + k);
      }
    }
}

// Writes [groups][pixels][kRows] of the groups `from` to `to`.
void Plan::copy_gradient(const Band &band, const float *dy, int64_t from,
                         int64_t to, float *into) const {
  int64_t pixels = band.images * band.rows * c.out_width();
  dy += (band.image * c.out_height() + band.row) * c.out_width() * c.out;
  for (int64_t p = 0; p < pixels; ++p, dy += c.out)
    for (int64_t g = from; g < to; ++g)
      std::copy_n(dy + g * kRows, kRows,
                  into + ((g - from) * band_pixels() + p) * kRows);
}

// Adds the band's products to the sums of the groups `from` to `to`.
void Plan::add(const Band &band, const float *x, const float *dy, int64_t from,
               int64_t to, float *sums) const {
  auto kernel = vectors == 1   ? accumulate_one
                : vectors == 2 ? accumulate_two
                               : accumulate_three;
  int64_t tile_length = kRows * vectors * L::kLanes;
  for (int64_t b = 0; b < blocks; ++b)
    for (int64_t h = 0; h < c.kernel; ++h)
      for (int64_t g = from; g < to; ++g)
        kernel({x + b * block_length() + h * padded_width * block,
                dy + (g - from) * band_pixels() * kRows, band.images, band.rows,
                c.out_width(), rows(band.rows) * padded_width * block,
                c.stride * padded_width * block, c.stride * block,
                sums + g * group_length() + (h * blocks + b) * tile_length});
}

} // namespace

void weight_gradient(const Convolution &c, const float *x, const float *dy,
                     float *dweight) {
  Plan plan(c);
  const auto &bands = plan.bands;
  int64_t length = plan.groups * plan.group_length();
  int64_t parts = std::clamp<int64_t>(kPartFloats / length, 1,
                                      std::min(kParts, bands.count));
  // Where there are fewer parts than threads, output channels are shared out,
  // too: that changes no sum.
  int64_t slices = std::clamp<int64_t>(at::get_num_threads() / parts, 1,
                                       plan.groups);
  std::unique_ptr<float[]> sums(new float[parts * length]);
  at::parallel_for(0, parts * slices, 1, [&](int64_t first, int64_t last) {
    static thread_local std::vector<float> input, gradient;
    input.resize(std::max<size_t>(input.size(),
                                  plan.blocks * plan.block_length()));
    gradient.resize(std::max<size_t>(gradient.size(),
                                     plan.band_pixels() * c.out));
    for (int64_t i = first; i < last; ++i) {
      int64_t part = i / slices, slice = i % slices;
      int64_t from = slice * plan.groups / slices,
              to = (slice + 1) * plan.groups / slices;
      float *into = sums.get() + part * length;
      std::fill(into + from * plan.group_length(),
                into + to * plan.group_length(), 0.0f);
      for (int64_t b = part * bands.count / parts;
           b < (part + 1) * bands.count / parts; ++b) {
        plan.copy_input(bands[b], x, input.data());
        plan.copy_gradient(bands[b], dy, from, to, gradient.data());
        plan.add(bands[b], input.data(), gradient.data(), from, to, into);
      }
    }
  });
  at::parallel_for(0, plan.groups, 1, [&](int64_t first, int64_t last) {
    for (int64_t g = first; g < last; ++g)
      for (int64_t h = 0; h < c.kernel; ++h)
        for (int64_t b = 0; b < plan.blocks; ++b)
          for (int64_t r = 0; r < kRows; ++r) {
            int64_t at = g * plan.group_length() +
                         ((h * plan.blocks + b) * kRows + r) * plan.vectors * L::kLanes;
            for (int64_t w = 0; w < c.kernel; ++w)
              for (int64_t k = 0; k < plan.block; ++k) {
                float sum = 0;
                for (int64_t part = 0; part < parts; ++part)
                  sum += sums[part * length + at + w * plan.block + k];
                dweight[(((g * kRows + r) * c.kernel + h) * c.kernel + w) * c.in +
                        b * plan.block + k] = sum;
              }
          }
  });
}

} // namespace backfire
