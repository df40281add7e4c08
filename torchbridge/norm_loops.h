// The innermost loops of batch normalisation.
#ifndef BACKFIRE_NORM_LOOPS_H
#define BACKFIRE_NORM_LOOPS_H

#include <cstdint>

namespace backfire {

// Rows are taken several at a time, so that what is walked is a whole number of
// tiles for any number of channels; a constant per channel is repeated to that
// length. Where all channels are one tile, memory is read from end to end.
constexpr int64_t kNormTile = 32;

// What the loops work on: `begin` to `end` floats of a matrix walked in
// rows of `period` floats; begin is the start of such a row.
struct Span {
  int64_t begin, end, period;
};

struct MomentsArgs {
  const float *x, *pivot;
  double *sum, *squares;
};

struct NormaliseArgs {
  const float *x, *scale, *shift, *residual;
  float *y;
};

// Where a gradient passes a ReLU: everywhere, where its result y is above 0, or
// where x * forward_scale + forward_shift is, which the result was made from.
enum Passing { kEverywhere, kByResult, kBySource };

struct SumsArgs {
  const float *dy, *y, *x, *mean, *forward_scale, *forward_shift;
  float *kept;
  double *sum, *products;
};

struct GradientArgs {
  const float *dy, *y, *x, *mean, *forward_scale, *forward_shift;
  const float *scale, *slope, *shift;
  float *dx;
};

struct NormLoops {
  void (*moments)(const Span &, const MomentsArgs &);
  // With a residual, and with ReLU.
  void (*normalise[2][2])(const Span &, const NormaliseArgs &);
  // By Passing, and keeping the gradient that passes.
  void (*sums[3][2])(const Span &, const SumsArgs &);
  // By Passing.
  void (*gradient[3])(const Span &, const GradientArgs &);
};

} // namespace backfire
#endif
