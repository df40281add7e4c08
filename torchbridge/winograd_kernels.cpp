#include "parallel.h"
#include "winograd.h"
#include "winograd_tiles.h"

#include <algorithm>

// Result and input gradient: both filter a source with 3x3 weights.

namespace backfire {
namespace {

// Tiles times vectors of channels that are summed in registers: twelve of
// sixteen, or 24 of 32.
template <class L> constexpr int kTilesWide = L::kLanes == 8 ? 6 : 12;
constexpr int kTilesNarrow = 12;
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

// Sums over `channels` for one point, `count` tiles and one panel of weights.
struct Product {
  const float *v, *u;
  int64_t v_block; // floats from one vector of source channels to the next
  int64_t channels, count;
  bool first; // the sums begin at zero
  float *m;
  int64_t m_block;
};

template <class L, int kTiles, int kVectors>
INLINE void multiply(const Product &a, int64_t at) {
  typename L::Vector sum[kTiles][kVectors] = {};
  float *m = a.m + at * L::kLanes;
  if (!a.first)
#pragma GCC unroll 12
    for (int t = 0; t < kTiles; ++t)
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j)
        load<L>(sum[t][j], m + j * a.m_block + t * L::kLanes);
  const float *u = a.u, *v = a.v + at * L::kLanes;
  for (int64_t c = 0; c < a.channels; c += L::kLanes, v += a.v_block)
#pragma GCC unroll 4
    for (int i = 0; i < L::kLanes; ++i, u += kVectors * L::kLanes) {
      typename L::Vector w[kVectors];
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j)
        load<L>(w[j], u + j * L::kLanes);
#pragma GCC unroll 12
      for (int t = 0; t < kTiles; ++t)
#pragma GCC unroll 2
        for (int j = 0; j < kVectors; ++j)
          sum[t][j] += v[t * L::kLanes + i] * w[j];
    }
#pragma GCC unroll 12
  for (int t = 0; t < kTiles; ++t)
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j)
      store<L>(m + j * a.m_block + t * L::kLanes, sum[t][j]);
}

template <class L, int kTiles, int kVectors>
INLINE void multiply_some(const Product &a, int64_t from, int64_t to,
                          int64_t size) {
  if constexpr (kTiles > 1)
    if (size < kTiles)
      return multiply_some<L, kTiles - 1, kVectors>(a, from, to, size);
  for (int64_t at = from; at < to; at += kTiles)
    multiply<L, kTiles, kVectors>(a, at);
}

// Cuts the tiles into as few pieces as possible, which differ by one at most.
template <class L, int kTiles, int kVectors>
INLINE void multiply_all(const Product &a) {
  int64_t pieces = (a.count + kTiles - 1) / kTiles, size = a.count / pieces;
  int64_t larger = a.count % pieces * (size + 1);
  multiply_some<L, kTiles, kVectors>(a, 0, larger, size + 1);
  multiply_some<L, kTiles, kVectors>(a, larger, a.count, size);
}

FOR_AVX2 void wide_avx2(const Product &a) {
  multiply_all<Eight, kTilesWide<Eight>, 2>(a);
}
FOR_AVX2 void narrow_avx2(const Product &a) {
  multiply_all<Eight, kTilesNarrow, 1>(a);
}
FOR_AVX512 void wide_avx512(const Product &a) {
  multiply_all<Sixteen, kTilesWide<Sixteen>, 2>(a);
}
FOR_AVX512 void narrow_avx512(const Product &a) {
  multiply_all<Sixteen, kTilesNarrow, 1>(a);
}

// Weights of nine taps to points, `count` filters of a vector each.
struct Filter {
  const float *taps; // [count][9][lanes]
  int64_t count;
  float *u;
  int64_t step, plane; // floats from one filter, or point, to the next
};

template <class L> INLINE void filter_points(const Filter &a) {
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
        load<L>(g[i], taps + (i * 3 + j) * L::kLanes);
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
FOR_AVX2 void filter_avx2(const Filter &a) { filter_points<Eight>(a); }
FOR_AVX512 void filter_avx512(const Filter &a) { filter_points<Sixteen>(a); }

// Transposes 8x8 floats; rows are `length` floats apart, and `step` in the
// result.
FOR_AVX2 void transpose(const float *from, int64_t length, float *to,
                        int64_t step) {
  using V = Eight::Vector;
  using Order = int __attribute__((vector_size(32)));
  constexpr Order low = {0, 8, 1, 9, 4, 12, 5, 13},
                  high = {2, 10, 3, 11, 6, 14, 7, 15},
                  first = {0, 1, 8, 9, 4, 5, 12, 13},
                  second = {2, 3, 10, 11, 6, 7, 14, 15},
                  lower = {0, 1, 2, 3, 8, 9, 10, 11},
                  upper = {4, 5, 6, 7, 12, 13, 14, 15};
  V rows[8], pairs[8], quads[8];
  for (int i = 0; i < 8; ++i)
    load<Eight>(rows[i], from + i * length);
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = __builtin_shuffle(rows[i], rows[i + 1], low);
    pairs[i + 1] = __builtin_shuffle(rows[i], rows[i + 1], high);
  }
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; ++j) {
      quads[i + 2 * j] =
          __builtin_shuffle(pairs[i + j], pairs[i + j + 2], first);
      quads[i + 2 * j + 1] =
          __builtin_shuffle(pairs[i + j], pairs[i + j + 2], second);
    }
  for (int i = 0; i < 4; ++i) {
    store<Eight>(to + i * step,
                 __builtin_shuffle(quads[i], quads[i + 4], lower));
    store<Eight>(to + (i + 4) * step,
                 __builtin_shuffle(quads[i], quads[i + 4], upper));
  }
}

// A source filtered with weights.
struct Filtering {
  Tiles tiles;
  const float *source, *weight;
  int64_t in, out; // channels of source and result
  bool reversed;   // weights [in, 3, 3, out], reversed; else [out, 3, 3, in]
  int64_t lanes, panel, block;

  Filtering(const Convolution &c, const float *source, const float *weight,
            bool reversed)
      : tiles(c.images, c.height, c.width, 1), source(source), weight(weight),
        in(reversed ? c.out : c.in), out(reversed ? c.in : c.out),
        reversed(reversed), lanes(winograd_lanes(c)),
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
  constexpr int64_t kSome = Eight::kLanes; // input channels
  alignas(64) float taps[kSome * 9 * Sixteen::kLanes];
  auto kernel = lanes == Sixteen::kLanes ? filter_avx512 : filter_avx2;
  for (int64_t c = 0; c < in; c += kSome)
    for (int64_t k = 0; k < count; k += lanes) {
      for (int64_t t = 0; t < 9; ++t)
        if (reversed)
          for (int64_t i = 0; i < kSome; ++i)
            std::copy_n(weight + ((c + i) * 9 + 8 - t) * out + first + k, lanes,
                        taps + (i * 9 + t) * lanes);
        else
          for (int64_t l = 0; l < lanes; l += Eight::kLanes)
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
  bool wide = panel > lanes;
  auto kernel = lanes == Sixteen::kLanes ? (wide ? wide_avx512 : narrow_avx512)
                                         : (wide ? wide_avx2 : narrow_avx2);
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
    result_pixels(tiles, group, m, count, out, y + b * block);
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
  Filtering(c, x, weight, false).run(y);
}

void winograd_input_gradient(const Convolution &c, const float *dy,
                             const float *weight, float *dx) {
  Filtering(c, dy, weight, true).run(dx);
}

} // namespace backfire
