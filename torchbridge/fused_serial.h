// What the fused kernels' text needs of a GPU, for the C++ compiler: the
// threads of a block and the blocks of a launch run one after the other. In
// which order is up to `backwards`: a kernel whose threads wait for each other
// where they must gives the same bits in both.
#ifndef BACKFIRE_FUSED_SERIAL_H
#define BACKFIRE_FUSED_SERIAL_H

#include <cmath>
#include <cstring>

namespace backfire {
namespace fused {
namespace {

struct Index {
  unsigned x, y;
};
thread_local Index threadIdx, blockIdx;
thread_local bool backwards;

// The i-th of a number in the order that is asked for.
inline unsigned in_order(unsigned i, unsigned count) {
  return backwards ? count - 1 - i : i;
}

inline float __uint_as_float(unsigned bits) {
  float v;
  std::memcpy(&v, &bits, sizeof v);
  return v;
}
inline unsigned __float_as_uint(float v) {
  unsigned bits;
  std::memcpy(&bits, &v, sizeof v);
  return bits;
}
inline float __ldcg(const float *at) { return *at; }
inline float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double sqrt(double v) { return __builtin_sqrt(v); }
inline void __threadfence() {}
inline unsigned atomicInc(unsigned *at, unsigned most) {
  unsigned before = *at;
  *at = before >= most ? 0 : before + 1;
  return before;
}

} // namespace
} // namespace fused
} // namespace backfire

#define DEVICE static inline
#define KERNEL static void
#define ARGUMENTS(Type) const Type &
#define __shared__ static thread_local
#define THREADS                                                                \
  for (unsigned turn = 0; turn < kThreads; ++turn)                             \
    if ((threadIdx.x = in_order(turn, kThreads)), true)
#define UNROLL
#define BARRIER()                                                              \
  do {                                                                         \
  } while (false)

#endif
