#pragma GCC optimize("fp-contract=off")

#include "conv_bands.h"
#include "conv_kernels.h"
#include "kernel_set.h"
#include "parallel.h"
#include "workspace.h"

#include <algorithm>

// The gradient of the weights: sums over pixels of products of the input with
// the result's gradient.

namespace backfire {
namespace {

// Input and gradients of a tile stay in the first cache.
constexpr int64_t kBandPixels = 384;
// Gradients of so many times eight channels stay in the second cache while the
// input passes.
constexpr int64_t kOctets = 8;
// Parts of the sums, over images of their own, that are added up at the end:
// as many as fit into so many floats.
constexpr int64_t kParts = 16, kPartFloats = int64_t(1) << 20;

// How the work is cut up. Channels of the input are taken `block` at a time: in
// the copy they lie side by side pixel by pixel, so that a row of the kernel is
// `vectors` vectors.
struct Plan {
  Convolution c;
  const KernelSet &set;
  int64_t lanes; // channels of a vector of the input
  const DirectLoops &loops;
  int64_t padding, block, blocks, vectors, octets, padded_width;
  Bands bands;

  explicit Plan(const Convolution &c)
      : c(c), set(kernels()), lanes(set.lanes_for(c.in, c.in)),
        loops(set.direct_for(lanes)), padding(c.kernel / 2),
        block(c.kernel == 1 && c.in % (2 * lanes) == 0 ? 2 * lanes : lanes),
        blocks(c.in / block), vectors(c.kernel * block / lanes),
        octets(c.out / 8), padded_width(c.width + 2 * padding),
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
  // Floats of the sums of eight output channels: [kernel][blocks][8][vectors].
  int64_t octet_length() const {
    return c.kernel * blocks * 8 * vectors * lanes;
  }

  void copy_input(const Band &band, const float *x, float *into) const;
  void copy_gradient(const Band &band, const float *dy, int64_t from,
                     int64_t to, float *into) const;
  void add(const Band &band, const float *x, const float *dy, int64_t from,
           int64_t to, float *sums) const;
};

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
        for (int64_t k = 0; k < block; k += lanes)
          loops.copy(from + b * block + k, c.width, c.in, block,
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
  for (int64_t o = from; o < to; ++o, into += band_pixels() * 8)
    set.direct[0].copy(dy + o * 8, pixels, c.out, 8, into);
}

// Adds the band's products to the sums of the octets `from` to `to`.
void Plan::add(const Band &band, const float *x, const float *dy, int64_t from,
               int64_t to, float *sums) const {
  auto kernel = loops.accumulate[vectors - 1];
  int64_t row = padded_width * block;
  auto tile = [&](int64_t b, int64_t h, int64_t o, int64_t r) {
    kernel({x + b * block_length() + h * row,
            dy + (o - from) * band_pixels() * 8 + r, band.images, band.rows,
            c.out_width(), rows(band.rows) * row, c.stride * row,
            c.stride * block,
            sums + o * octet_length() +
                ((h * blocks + b) * 8 + r) * vectors * lanes});
  };
  for (int64_t first = from; first < to; first += kOctets)
    for (int64_t b = 0; b < blocks; ++b)
      for (int64_t h = 0; h < c.kernel; ++h)
        for (int64_t o = first; o < std::min(first + kOctets, to); ++o)
          for (int64_t r = 0; r < 8; r += loops.rows)
            tile(b, h, o, r);
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
  static thread_local Workspace memory;
  float *sums = memory.floats(parts * length);
  parallel_for(parts * slices, 1, [&](int64_t first, int64_t last) {
    static thread_local Workspace input_memory, gradient_memory;
    float *input = input_memory.floats(plan.blocks * plan.block_length());
    float *gradient = gradient_memory.floats(plan.band_pixels() * c.out);
    for (int64_t i = first; i < last; ++i) {
      int64_t part = i / slices, slice = i % slices;
      int64_t from = slice * plan.octets / slices,
              to = (slice + 1) * plan.octets / slices;
      float *into = sums + part * length;
      std::fill(into + from * plan.octet_length(),
                into + to * plan.octet_length(), 0.0f);
      for (int64_t b = part * bands.count / parts;
           b < (part + 1) * bands.count / parts; ++b) {
        plan.copy_input(bands[b], x, input);
        plan.copy_gradient(bands[b], dy, from, to, gradient);
        plan.add(bands[b], input, gradient, from, to, into);
      }
    }
  });
  parallel_for(c.out, 8, [&](int64_t first, int64_t last) {
    for (int64_t o = first; o < last; ++o)
      for (int64_t h = 0; h < c.kernel; ++h)
        for (int64_t b = 0; b < plan.blocks; ++b) {
          const float *from =
              sums + o / 8 * plan.octet_length() +
              ((h * plan.blocks + b) * 8 + o % 8) * plan.vectors * plan.lanes;
          plan.loops.add_up(from, parts, length, plan.vectors,
                            dweight + (o * c.kernel + h) * c.kernel * c.in +
                                b * plan.block,
                            c.kernel == 1 ? plan.lanes : c.in);
        }
  });
}

void stem_weight_gradient(const Convolution &c, const float *x, const float *dy,
                          float *dweight) {
  const auto &set = kernels();
  int64_t lanes = set.lanes_for(c.out, c.out), vectors = c.out / lanes;
  int64_t padding = c.kernel / 2, taps = c.kernel * c.in;
  int64_t row = (c.width + 2 * padding) * c.in;
  int64_t parts = std::min(kParts, c.images);
  int64_t length = vectors * c.kernel * taps * lanes;
  static thread_local Workspace memory;
  float *sums = memory.floats(parts * length);
  parallel_for(parts, 1, [&](int64_t first, int64_t last) {
    static thread_local Workspace image_memory;
    float *image = image_memory.floats((c.height + 2 * padding) * row);
    std::fill_n(image, (c.height + 2 * padding) * row, 0.0f);
    for (int64_t part = first; part < last; ++part) {
      float *into = sums + part * length;
      std::fill_n(into, length, 0.0f);
      for (int64_t i = part * c.images / parts;
           i < (part + 1) * c.images / parts; ++i) {
        for (int64_t h = 0; h < c.height; ++h)
          std::copy_n(x + (i * c.height + h) * c.width * c.in, c.width * c.in,
                      image + (h + padding) * row + padding * c.in);
        for (int64_t v = 0; v < vectors; ++v)
          for (int64_t h = 0; h < c.kernel; ++h)
            set.direct_for(lanes).stem(
                {image + h * row,
                 dy + i * c.height * c.width * c.out + v * lanes, c.height,
                 c.width, row, c.in, c.width * c.out, c.out, taps,
                 into + (v * c.kernel + h) * taps * lanes});
      }
    }
  });
  for (int64_t part = 1; part < parts; ++part)
    for (int64_t i = 0; i < length; ++i)
      sums[i] += sums[part * length + i];
  for (int64_t o = 0; o < c.out; ++o)
    for (int64_t t = 0; t < c.kernel * taps; ++t)
      dweight[o * c.kernel * taps + t] =
          sums[(o / lanes * c.kernel * taps + t) * lanes + o % lanes];
}

} // namespace backfire
