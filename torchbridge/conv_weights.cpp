#include "conv_bands.h"
#include "conv_kernels.h"
#include "parallel.h"
#include "vectors.h"

#include <algorithm>
#include <memory>
#include <vector>

// The gradient of the weights: sums over pixels of products of the input with
// the result's gradient.

namespace backfire {
namespace {

using L = Eight;

// Output channels whose sums are made together, half of a vector. With three
// vectors of input each that takes twelve of sixteen registers.
constexpr int64_t kRows = 4;
// Input and gradients of a tile stay in the first cache.
constexpr int64_t kBandPixels = 384;
// Gradients of so many times eight channels stay in the second cache while the
// input passes.
constexpr int64_t kOctets = 8;
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
      for (int64_t w = 0; w < t.columns; ++w, x += t.step, dy += L::kLanes) {
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
  int64_t padding, block, blocks, vectors, octets, padded_width;
  Bands bands;

  explicit Plan(const Convolution &c)
      : c(c), padding(c.kernel / 2),
        block(c.kernel == 1 && c.in % (2 * L::kLanes) == 0 ? 2 * L::kLanes
                                                           : L::kLanes),
        blocks(c.in / block), vectors(c.kernel * block / L::kLanes),
        octets(c.out / L::kLanes), padded_width(c.width + 2 * padding),
        bands(c.images, c.out_height(), c.out_width(), kBandPixels) {}

  int64_t rows(int64_t out_rows) const {
    return source_rows(out_rows, c.stride, padding);
  }
  // Floats of a block of a band's input.
  int64_t block_length() const {
    return bands.per_band * rows(bands.rows) * padded_width * block;
  }
  int64_t band_pixels() const {
    return bands.per_band * bands.rows * c.out_width();
  }
  // Floats of a tile's sums.
  int64_t tile_length() const { return kRows * vectors * L::kLanes; }
  // Those of eight output channels: [kernel][blocks][8][vectors].
  int64_t octet_length() const { return c.kernel * blocks * 2 * tile_length(); }

  void copy_input(const Band &band, const float *x, float *into) const;
  void copy_gradient(const Band &band, const float *dy, int64_t from,
                     int64_t to, float *into) const;
  void add(const Band &band, const float *x, const float *dy, int64_t from,
           int64_t to, float *sums) const;
};

// Copies the first vector of each of `count` pixels, which are `stride` floats
// apart, to where they are `step` floats apart.
FOR_AVX2 void copy_vectors(const float *from, int64_t count, int64_t stride,
                           int64_t step, float *to) {
  for (int64_t i = 0; i < count; ++i) {
    L::Vector v;
    load<L>(v, from + i * stride);
    store<L>(to + i * step, v);
  }
}

// Writes [blocks][images][rows][padded_width][block].
void Plan::copy_input(const Band &band, const float *x, float *into) const {
  int64_t margin = padding * block;
  for (int64_t i = 0; i < band.images; ++i)
    for (int64_t r = 0; r < rows(band.rows); ++r) {
      int64_t row = band.row * c.stride - padding + r;
      float *line = into + (i * rows(band.rows) + r) * padded_width * block;
      const float *from =
          x + ((band.image + i) * c.height + row) * c.width * c.in;
      for (int64_t b = 0; b < blocks; ++b, line += block_length()) {
        if (row < 0 || row >= c.height) {
          std::fill_n(line, padded_width * block, 0.0f);
          continue;
        }
        std::fill_n(line, margin, 0.0f);
        for (int64_t k = 0; k < block; k += L::kLanes)
          copy_vectors(from + b * block + k, c.width, c.in, block,
                       line + margin + k);
        std::fill_n(line + margin + c.width * block, margin, 0.0f);
      }
    }
}

// Writes [octets][pixels][8] of the octets of channels `from` to `to`.
void Plan::copy_gradient(const Band &band, const float *dy, int64_t from,
                         int64_t to, float *into) const {
  int64_t pixels = band.images * band.rows * c.out_width();
  dy += (band.image * c.out_height() + band.row) * c.out_width() * c.out;
  for (int64_t o = from; o < to; ++o, into += band_pixels() * L::kLanes)
    copy_vectors(dy + o * L::kLanes, pixels, c.out, L::kLanes, into);
}

// Adds the band's products to the sums of the octets `from` to `to`.
void Plan::add(const Band &band, const float *x, const float *dy, int64_t from,
               int64_t to, float *sums) const {
  auto kernel = vectors == 1   ? accumulate_one
                : vectors == 2 ? accumulate_two
                               : accumulate_three;
  int64_t row = padded_width * block;
  auto tile = [&](int64_t b, int64_t h, int64_t o, int64_t half) {
    kernel({x + b * block_length() + h * row,
            dy + (o - from) * band_pixels() * L::kLanes + half * kRows,
            band.images, band.rows, c.out_width(), rows(band.rows) * row,
            c.stride * row, c.stride * block,
            sums + o * octet_length() +
                ((h * blocks + b) * 2 + half) * tile_length()});
  };
  for (int64_t first = from; first < to; first += kOctets)
    for (int64_t b = 0; b < blocks; ++b)
      for (int64_t h = 0; h < c.kernel; ++h)
        for (int64_t o = first; o < std::min(first + kOctets, to); ++o) {
          tile(b, h, o, 0);
          tile(b, h, o, 1);
        }
}

// Adds up parts `length` floats apart, vector by vector, in order.
FOR_AVX2 void add_up(const float *from, int64_t parts, int64_t length,
                     int64_t vectors, float *to, int64_t step) {
  for (int64_t v = 0; v < vectors; ++v) {
    L::Vector sum, part;
    load<L>(sum, from + v * L::kLanes);
    for (int64_t i = 1; i < parts; ++i) {
      load<L>(part, from + i * length + v * L::kLanes);
      sum += part;
    }
    store<L>(to + v * step, sum);
  }
}

} // namespace

void weight_gradient(const Convolution &c, const float *x, const float *dy,
                     float *dweight) {
  Plan plan(c);
  const auto &bands = plan.bands;
  int64_t length = plan.octets * plan.octet_length();
  int64_t parts = std::clamp<int64_t>(kPartFloats / length, 1,
                                      std::min(kParts, bands.count));
  // Where there are fewer parts than threads, output channels are shared out,
  // too: that changes no sum.
  int64_t slices = slices_of(parts, plan.octets);
  std::unique_ptr<float[]> sums(new float[parts * length]);
  parallel_for(parts * slices, 1, [&](int64_t first, int64_t last) {
    static thread_local std::vector<float> input, gradient;
    input.resize(
        std::max<size_t>(input.size(), plan.blocks * plan.block_length()));
    gradient.resize(
        std::max<size_t>(gradient.size(), plan.band_pixels() * c.out));
    for (int64_t i = first; i < last; ++i) {
      int64_t part = i / slices, slice = i % slices;
      int64_t from = slice * plan.octets / slices,
              to = (slice + 1) * plan.octets / slices;
      float *into = sums.get() + part * length;
      std::fill(into + from * plan.octet_length(),
                into + to * plan.octet_length(), 0.0f);
      for (int64_t b = part * bands.count / parts;
           b < (part + 1) * bands.count / parts; ++b) {
        plan.copy_input(bands[b], x, input.data());
        plan.copy_gradient(bands[b], dy, from, to, gradient.data());
        plan.add(bands[b], input.data(), gradient.data(), from, to, into);
      }
    }
  });
  parallel_for(c.out, 8, [&](int64_t first, int64_t last) {
    for (int64_t o = first; o < last; ++o)
      for (int64_t h = 0; h < c.kernel; ++h)
        for (int64_t b = 0; b < plan.blocks; ++b) {
          const float *from = sums.get() + o / L::kLanes * plan.octet_length() +
                              (h * plan.blocks + b) * 2 * plan.tile_length() +
                              o % L::kLanes * plan.vectors * L::kLanes;
          add_up(from, parts, length, plan.vectors,
                 dweight + (o * c.kernel + h) * c.kernel * c.in +
                     b * plan.block,
                 c.kernel == 1 ? L::kLanes : c.in);
        }
  });
}

} // namespace backfire
