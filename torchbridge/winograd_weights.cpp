#pragma GCC optimize("fp-contract=off")

#include "kernel_set.h"
#include "parallel.h"
#include "winograd.h"
#include "winograd_tiles.h"

#include <algorithm>

// The gradient of the weights: for each of 36 points, a sum over tiles of
// products of the gradient's transform with the data's.

namespace backfire {
namespace {

// Channels of gradient and data whose sums are made at a time for all points:
// they stay in the second cache.
constexpr int64_t kRows = 32, kColumns = 64;
// Transformed tiles of a group stay in the second cache (320 kB of 512), as
// long as it has this many tiles. Groups are large where the sums are more than
// kLargeSums: these pass through memory once for each group.
constexpr int64_t kGroupFloats = 80 << 10, kLeastTiles = 64;
constexpr int64_t kLargeSums = 4 << 20, kLargeTiles = 256;
// Parts of the sums, over groups of their own, that are added up at the end: as
// many as fit into so many floats.
constexpr int64_t kParts = 16, kPartFloats = int64_t(1) << 20;

// How the work is cut up.
struct Gradient {
  Images x;
  const float *dy;
  int64_t in, out, lanes, rows, columns, row_blocks, column_blocks;
  Tiles tiles;
  int64_t parts, slices;

  Gradient(const Convolution &c, const Images &x, const float *dy)
      : x(x), dy(dy), in(c.in), out(c.out), lanes(winograd_lanes(c)),
        rows(std::min(out, kRows)), columns(std::min(in, kColumns)),
        row_blocks((out + rows - 1) / rows),
        column_blocks((in + columns - 1) / columns),
        tiles(c.images, c.height, c.width, group_tiles()),
        parts(std::clamp<int64_t>(kPartFloats / length(), 1,
                                  std::min(kParts, tiles.groups))),
        // Where there are fewer parts than threads, output channels are shared
        // out, too: that changes no sum.
        slices(slices_of(parts, row_blocks)) {}

  int64_t group_tiles() const {
    int64_t fitting = kGroupFloats / (kPoints * (in + out));
    return kPoints * in * out > kLargeSums ? kLargeTiles
                                           : std::max(fitting, kLeastTiles);
  }
  // Sums of a block, [36][rows][columns].
  int64_t plane() const { return rows * columns + 16; }
  int64_t block_floats() const { return kPoints * plane(); }
  // Those of a part, [row_blocks][column_blocks].
  int64_t length() const { return row_blocks * column_blocks * block_floats(); }
  // The sums of a single group are transformed block by block.
  bool direct() const { return tiles.groups == 1; }

  void group(int64_t group, bool first, int64_t from, int64_t to, float *sums,
             float *dweight) const;
  void finish(int64_t row_block, int64_t column_block, const float *sums,
              float *dweight) const;
  void run(float *dweight) const;
};

// Adds the products of a group to the sums of the blocks of rows `from` to
// `to`.
void Gradient::group(int64_t group, bool first, int64_t from, int64_t to,
                     float *sums, float *dweight) const {
  static thread_local Workspace v_memory, d_memory;
  Planes v(tiles.capacity(), in, lanes), d(tiles.capacity(), out, lanes);
  v.data = v_memory.floats(v.floats());
  d.data = d_memory.floats(d.floats());
  data_points(tiles, group, x, in, v);
  gradient_points(tiles, group, dy, out, d);
  auto kernel = kernels().winograd_for(lanes).accumulate;
  for (int64_t j = 0; j < column_blocks; ++j)
    for (int64_t i = from; i < to; ++i) {
      float *into =
          direct() ? sums : sums + (i * column_blocks + j) * block_floats();
      for (int64_t point = 0; point < kPoints; ++point)
        kernel({d.data + point * d.plane + i * rows / lanes * d.block,
                v.data + point * v.plane + j * columns / lanes * v.block,
                d.block, v.block, tiles.count(group),
                std::min(rows, out - i * rows),
                std::min(columns, in - j * columns), first,
                into + point * plane(), columns});
      if (direct())
        finish(i, j, into, dweight);
    }
}

// Transforms a block's sums.
void Gradient::finish(int64_t row_block, int64_t column_block,
                      const float *sums, float *dweight) const {
  auto kernel = kernels().winograd_for(lanes).weights;
  int64_t row = row_block * rows, column = column_block * columns;
  for (int64_t r = 0; r < std::min(rows, out - row); ++r)
    kernel({sums + r * columns, plane(), parts, length(),
            std::min(columns, in - column),
            dweight + (row + r) * 9 * in + column, in});
}

void Gradient::run(float *dweight) const {
  static thread_local Workspace memory;
  float *sums = direct() ? nullptr : memory.floats(parts * length());
  parallel_for(parts * slices, 1, [&](int64_t first, int64_t last) {
    static thread_local Workspace own;
    for (int64_t i = first; i < last; ++i) {
      int64_t part = i / slices, slice = i % slices;
      float *into =
          direct() ? own.floats(block_floats()) : sums + part * length();
      int64_t begin = part * tiles.groups / parts,
              end = (part + 1) * tiles.groups / parts;
      for (int64_t g = begin; g < end; ++g)
        group(g, g == begin, slice * row_blocks / slices,
              (slice + 1) * row_blocks / slices, into, dweight);
    }
  });
  if (direct())
    return;
  parallel_for(row_blocks * column_blocks, 1, [&](int64_t from, int64_t to) {
    for (int64_t b = from; b < to; ++b)
      finish(b / column_blocks, b % column_blocks, sums + b * block_floats(),
             dweight);
  });
}

} // namespace

void winograd_weight_gradient(const Convolution &c, const float *x,
                              const float *dy, float *dweight) {
  Gradient(c, {x}, dy).run(dweight);
}

void winograd_images_gradient(const Convolution &c, const Images &x,
                              const float *dy, float *dweight) {
  Gradient(c, x, dy).run(dweight);
}

} // namespace backfire
