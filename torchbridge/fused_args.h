// What the fused kernels of a GPU are told. These types are compiled by NVRTC
// and by the C++ compiler alike, without any header of either.
#ifndef BACKFIRE_FUSED_ARGS_H
#define BACKFIRE_FUSED_ARGS_H

namespace backfire {
namespace fused {

// Threads of a block, in every kernel.
constexpr int kThreads = 256;

// How the matrix of pixels and channels that a tensor in N,H,W,C is is divided
// among blocks. A thread takes a group of channels, which one access reads. A
// block takes `tile` groups and `height` rows at a time, `part_rows` in all; so
// there are ceil(groups / tile) times `parts` blocks. All of it follows from
// the shape alone, and so does the order of every sum.
struct Walk {
  long long rows, part_rows;
  int channels, groups, tile, height, parts;
};

// Batch normalisation, addition of a residual unless it is null, and ReLU if
// asked for. `x`, `residual` and `y`, which may be `x`, are float or bfloat16,
// all else is float.
struct NormForward {
  Walk walk;
  const void *x, *residual;
  void *y;
  const float *weight, *bias;
  float *mean, *variance; // running
  float *statistics;      // [4, channels]: mean, 1 / deviation, scale, shift
  float *partial;         // [parts, 2, channels]
  unsigned *counters;     // one per tile, 0 before and after
  double momentum, epsilon;
  int relu;
};

// The gradient of that. `y` is null without ReLU. The gradient behind the ReLU
// is written to `kept` unless that is null, that of `x` to `dx` likewise.
struct NormBackward {
  Walk walk;
  const void *dy, *y, *x;
  void *kept, *dx;
  const float *weight, *statistics;
  float *dweight, *dbias;
  float *factors; // [3, channels]: scale, slope, shift
  float *partial;
  unsigned *counters;
  int training; // by the statistics of the batch
};

// A trained tensor. `velocity` is null without momentum, `copy` where no copy
// in bfloat16 is kept. `first` is the first block that updates it, `wide`
// whether its memory is aligned to four numbers.
struct Updated {
  float *weight, *velocity;
  const void *gradient;
  unsigned short *copy;
  long long count;
  int first, wide;
};

// Tensors that one launch updates: what fits into the 4 KiB of a kernel's
// arguments.
constexpr int kUpdated = 80;
// Numbers that a block updates.
constexpr int kPiece = 4096;

// Stochastic gradient descent with coupled weight decay.
struct Update {
  Updated list[kUpdated];
  const float *rate; // on the device
  float momentum, decay;
  int nesterov, count;
};

} // namespace fused
} // namespace backfire
#endif
