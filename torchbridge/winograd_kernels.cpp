#pragma GCC optimize("fp-contract=off")

#include "kernel_set.h"
#include "parallel.h"
#include "winograd.h"
#include "winograd_tiles.h"

#include <algorithm>

// Result and input gradient: both filter a source with 3x3 weights.

namespace backfire {
namespace {

// Input channels after which sums pass through memory, so that the weights of a
// panel stay in the first cache (16 kB of 32).
constexpr int64_t kChunk = 256;
// Output channels whose products are kept between multiplication and transform.
constexpr int64_t kBlock = 64;
// Products and transformed tiles of a group stay in the second cache (320 kB of
// 512), as long as it has this many tiles.
constexpr int64_t kGroupFloats = 80 << 10, kLeastTiles = 24;
// Weights whose transforms are more than this are transformed for each group
// and block, not once for all: they would be written to memory and read again.
// Groups are large then.
constexpr int64_t kSharedFloats = 4 << 20, kUnsharedTiles = 128;

// Transposes 8x8 floats; rows are `length` floats apart, and `step` in the
// result.
void transpose(const float *from, int64_t length, float *to, int64_t step) {
  // Four at a time, which every processor of x86-64 or 64-bit Arm shuffles in
  // registers.
  using V = float __attribute__((vector_size(16)));
  using Loose = float __attribute__((vector_size(16), aligned(4), may_alias));
  using Order = int __attribute__((vector_size(16)));
  constexpr Order low = {0, 4, 1, 5}, high = {2, 6, 3, 7}, first = {0, 1, 4, 5},
                  second = {2, 3, 6, 7};
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 8; j += 4) {
      V rows[4];
      for (int k = 0; k < 4; ++k)
        rows[k] = *reinterpret_cast<const Loose *>(from + (i + k) * length + j);
      V a = __builtin_shuffle(rows[0], rows[1], low),
        b = __builtin_shuffle(rows[2], rows[3], low),
        c = __builtin_shuffle(rows[0], rows[1], high),
        d = __builtin_shuffle(rows[2], rows[3], high);
      const V columns[4] = {
          __builtin_shuffle(a, b, first), __builtin_shuffle(a, b, second),
          __builtin_shuffle(c, d, first), __builtin_shuffle(c, d, second)};
      for (int k = 0; k < 4; ++k)
        *reinterpret_cast<Loose *>(to + (j + k) * step + i) = columns[k];
    }
}

// A source filtered with weights.
struct Filtering {
  Tiles tiles;
  Images source;
  const float *weight;
  int64_t in, out; // channels of source and result
  bool reversed;   // weights [in, 3, 3, out], reversed; else [out, 3, 3, in]
  bool add;        // the result to what is there
  int64_t lanes, panel, block;

  Filtering(const Convolution &c, const Images &source, const float *weight,
            bool reversed, bool add)
      : tiles(c.images, c.height, c.width, 1), source(source), weight(weight),
        in(reversed ? c.out : c.in), out(reversed ? c.in : c.out),
        reversed(reversed), add(add), lanes(winograd_lanes(c)),
        panel(out % (2 * lanes) ? lanes : 2 * lanes),
        block(std::min(out, kBlock)) {
    int64_t fitting = kGroupFloats / (kPoints * (in + block));
    tiles = Tiles(c.images, c.height, c.width,
                  shares() ? std::max(fitting, kLeastTiles) : kUnsharedTiles);
  }

  bool shares() const { return kPoints * in * out <= kSharedFloats; }
  // Floats of a block of transformed weights, [36][panels][in][panel].
  int64_t plane() const { return in * block + 16; }
  int64_t block_floats() const { return kPoints * plane(); }
  int64_t blocks() const { return (out + block - 1) / block; }

  void transform(int64_t first, int64_t count, float *u) const;
  void group(int64_t group, int64_t from, int64_t to, const float *shared,
             float *y) const;
  void run(float *y) const;
};

// Transforms the weights of `count` output channels.
void Filtering::transform(int64_t first, int64_t count, float *u) const {
  constexpr int64_t kSome = 8; // input channels
  alignas(64) float taps[kSome * 9 * 16];
  auto kernel = kernels().winograd_for(lanes).filter;
  for (int64_t c = 0; c < in; c += kSome)
    for (int64_t k = 0; k < count; k += lanes) {
      for (int64_t t = 0; t < 9; ++t)
        if (reversed)
          for (int64_t i = 0; i < kSome; ++i)
            std::copy_n(weight + ((c + i) * 9 + 8 - t) * out + first + k, lanes,
                        taps + (i * 9 + t) * lanes);
        else
          for (int64_t l = 0; l < lanes; l += kSome)
            transpose(weight + ((first + k + l) * 9 + t) * in + c, 9 * in,
                      taps + t * lanes + l, 9 * lanes);
      kernel({taps, kSome, u + k / panel * in * panel + c * panel + k % panel,
              panel, plane()});
    }
}

// Computes the blocks `from` to `to` of output channels for a group of tiles.
void Filtering::group(int64_t group, int64_t from, int64_t to,
                      const float *shared, float *y) const {
  static thread_local Workspace v_memory, m_memory, u_memory;
  Planes v(tiles.capacity(), in, lanes), m(tiles.capacity(), block, lanes);
  v.data = v_memory.floats(v.floats());
  m.data = m_memory.floats(m.floats());
  data_points(tiles, group, source, in, v);
  auto kernel = kernels().winograd_for(lanes).multiply[panel > lanes];
  for (int64_t b = from; b < to; ++b) {
    int64_t count = std::min(block, out - b * block);
    const float *u = shared + b * block_floats();
    if (!shared) {
      float *own = u_memory.floats(block_floats());
      transform(b * block, count, own);
      u = own;
    }
    for (int64_t point = 0; point < kPoints; ++point)
      for (int64_t c = 0; c < in; c += kChunk)
        for (int64_t k = 0; k < count; k += panel)
          kernel({v.data + point * v.plane + c / lanes * v.block,
                  u + point * plane() + k * in + c * panel, v.block,
                  std::min(kChunk, in - c), tiles.count(group), c == 0,
                  m.data + point * m.plane + k / lanes * m.block, m.block});
    result_pixels(tiles, group, m, count, out, add, y + b * block);
  }
}

void Filtering::run(float *y) const {
  static thread_local Workspace memory;
  float *shared = nullptr;
  if (shares()) {
    shared = memory.floats(blocks() * block_floats());
    parallel_for(out / panel, 1, [&](int64_t from, int64_t to) {
      for (int64_t p = from; p < to; ++p) {
        int64_t k = p * panel;
        transform(k, panel,
                  shared + k / block * block_floats() + k % block * in);
      }
    });
  }
  // Where there are fewer groups than threads, output channels are shared out,
  // too.
  int64_t slices = slices_of(tiles.groups, blocks());
  parallel_for(tiles.groups * slices, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      int64_t slice = i % slices;
      group(i / slices, slice * blocks() / slices,
            (slice + 1) * blocks() / slices, shared, y);
    }
  });
}

} // namespace

void winograd_convolve(const Convolution &c, const float *x,
                       const float *weight, float *y) {
  Filtering(c, {x}, weight, false, false).run(y);
}

void winograd_convolve_images(const Convolution &c, const Images &x,
                              const float *weight, float *y) {
  Filtering(c, x, weight, false, false).run(y);
}

void winograd_input_gradient(const Convolution &c, const float *dy,
                             const float *weight, bool add, float *dx) {
  Filtering(c, {dy}, weight, true, add).run(dx);
}

} // namespace backfire
