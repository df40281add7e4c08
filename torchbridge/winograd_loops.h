// The innermost loops of Winograd's algorithms.
#ifndef BACKFIRE_WINOGRAD_LOOPS_H
#define BACKFIRE_WINOGRAD_LOOPS_H

#include <cstdint>

namespace backfire {

// Pixels per tile and dimension: of the result, of the source, and of all
// products.
constexpr int64_t kTile = 4, kPatch = 6, kPoints = 36;

// One line of tiles of a source.
struct PointLine {
  const float *rows[kPatch]; // of pixels; those outside the image are zeros
  // Null, or per channel: a pixel of the image is max(x * scale + shift, 0).
  const float *scale, *shift;
  int64_t first, last; // rows of the image
  int64_t width, channels, columns;
  float *scratch, *into; // for one vector of channels of a line; planes
  int64_t plane, block;
};

// One line of results.
struct PixelLine {
  const float *m;
  int64_t plane, block;
  int64_t columns, height, width; // height: of the line, up to four
  int64_t count, channels;
  bool add; // to what is there
  float *y;
};

// Sums over `channels` for one point, `count` tiles and one panel of weights.
struct PointProduct {
  const float *v, *u;
  int64_t v_block; // floats from one vector of source channels to the next
  int64_t channels, count;
  bool first; // the sums begin at zero
  float *m;
  int64_t m_block;
};

// Weights of nine taps to points, `count` filters of a vector each.
struct Filter {
  const float *taps; // [count][9][lanes]
  int64_t count;
  float *u;
  int64_t step, plane; // floats from one filter, or point, to the next
};

// Sums over `count` tiles for one point, `rows` channels of the gradient and
// `columns` of the data.
struct TileProduct {
  const float *d, *v;
  int64_t d_block, v_block; // floats from one vector of channels to the next
  int64_t count, rows, columns;
  bool first; // the sums begin at zero
  float *sums;
  int64_t length; // floats from one row to the next
};

// Sums of one row of a block to gradients of weights.
struct PointSums {
  const float *sums;
  int64_t plane, parts, length; // floats from one point, or part, to the next
  int64_t columns;
  float *dweight;
  int64_t tap; // floats from one tap to the next
};

struct WinogradLoops {
  void (*data)(const PointLine &);     // B' d B of patches of 6x6 pixels
  void (*gradient)(const PointLine &); // G g G' of tiles of 4x4 pixels
  void (*pixels)(const PixelLine &);
  void (*multiply[2])(const PointProduct &); // panels of one and two vectors
  void (*filter)(const Filter &);
  void (*accumulate)(const TileProduct &);
  void (*weights)(const PointSums &);
};

} // namespace backfire
#endif
