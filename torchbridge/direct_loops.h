// The innermost loops of direct convolutions.
#ifndef BACKFIRE_DIRECT_LOOPS_H
#define BACKFIRE_DIRECT_LOOPS_H

#include <cstdint>

namespace backfire {

// Floats of a source, counted from where a pixel of the result begins in it.
struct Run {
  int64_t from, length;
};

// Sums over runs of a source, for some pixels and for the one or two vectors of
// channels of a panel.
struct Sweep {
  const float *source, *panel;
  const Run *runs;
  int64_t count;            // of runs
  const int64_t *from, *to; // of each pixel, in source and result
  int64_t pixels;
  bool first; // the sums begin at zero, otherwise at the result
  float *result;
};

// One tile's input and gradients: `images` of `rows` of `columns` pixels.
struct GradientTile {
  const float *x, *dy;
  int64_t images, rows, columns;
  int64_t image_length, row_length, step; // floats of x
  float *sums;                            // [rows of sums][vectors][lanes]
};

// Sums over pixels of a stem: of gradients of one vector of channels with
// `taps` floats that lie side by side in the source, one sum for each tap.
struct StemTile {
  const float *x, *dy;
  int64_t rows, columns;
  int64_t row_length, step; // floats of x
  int64_t dy_row, dy_step;  // floats of dy
  int64_t taps;             // at most 12
  float *sums;              // [taps][lanes]
};

struct DirectLoops {
  // Output channels of a GradientTile, 4 or 8.
  int64_t rows;
  void (*sweep[2])(const Sweep &);             // panels of one and two vectors
  void (*accumulate[3])(const GradientTile &); // one, two and three vectors
  void (*stem)(const StemTile &);
  // Copies the first vector of each of `count` pixels, which are `stride`
  // floats apart, to where they are `step` floats apart.
  void (*copy)(const float *from, int64_t count, int64_t stride, int64_t step,
               float *to);
  // Adds up parts `length` floats apart, vector by vector, in order. Vectors of
  // the result are `step` floats apart.
  void (*add_up)(const float *from, int64_t parts, int64_t length,
                 int64_t vectors, float *to, int64_t step);
};

} // namespace backfire
#endif
