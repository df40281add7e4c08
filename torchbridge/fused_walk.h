// What the fused kernels of a GPU have in common: numbers, the walk over a
// matrix, and sums. The kernels are in fused_norm_body.h (batch normalisation
// with residual addition and ReLU, both directions) and fused_update_body.h
// (the update of all weights).
//
// NVRTC compiles fused_args.h and these three, in this order and without any
// other header, on the machine that trains. The C++ compiler compiles them
// behind fused_serial.h, which runs the threads of a block one after the other.
// For that a kernel is a sequence of phases: `THREADS { ... }` is done by each
// thread, and `BARRIER();` ends it. Nothing but shared and global memory lives
// from one phase to the next, and what stands outside is the same for all
// threads.
//
// Numbers are rounded as in IEEE 754, products that are added where it says
// fmaf, and sums are made in the order that the walk fixes: in float over the
// rows of a thread, in double over the threads of a block and over blocks. So
// the bits do not depend on the GPU, and both compilers make the same.
#ifndef BACKFIRE_FUSED_WALK_H
#define BACKFIRE_FUSED_WALK_H

#ifdef __CUDACC_RTC__
#define DEVICE static __device__ __forceinline__
// Four blocks at a time, so 64 registers for a thread.
#define KERNEL extern "C" __global__ void __launch_bounds__(256, 4)
#define ARGUMENTS(Type) const __grid_constant__ Type
#define THREADS
#define BARRIER() __syncthreads()
#define UNROLL _Pragma("unroll")
#endif

namespace backfire {
namespace fused {

using Half = unsigned short; // a bfloat16

// Numbers that one access reads.
template <class T, int V> struct alignas(sizeof(T) * V) Pack {
  T at[V];
};

DEVICE float widened(float v) { return v; }
DEVICE float widened(Half v) {
  return __uint_as_float(static_cast<unsigned>(v) << 16);
}

// Rounds to the nearest, and to even between two.
DEVICE Half halved(float v) {
  unsigned bits = __float_as_uint(v);
  if (v != v)
    return 0x7fc0;
  return static_cast<Half>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
DEVICE void narrow(float v, float &to) { to = v; }
DEVICE void narrow(float v, Half &to) { to = halved(v); }

template <class T, int V>
DEVICE void load(const void *from, long long at, float (&to)[V]) {
  auto pack =
      *reinterpret_cast<const Pack<T, V> *>(static_cast<const T *>(from) + at);
  UNROLL
  for (int i = 0; i < V; ++i)
    to[i] = widened(pack.at[i]);
}

template <class T, int V>
DEVICE void store(void *to, long long at, const float (&from)[V]) {
  Pack<T, V> pack;
  UNROLL
  for (int i = 0; i < V; ++i)
    narrow(from[i], pack.at[i]);
  *reinterpret_cast<Pack<T, V> *>(static_cast<T *>(to) + at) = pack;
}

// Where a thread stands in its block's part of the matrix.
struct Place {
  int row;       // of `height`
  int channel;   // the first of its group
  bool in;       // it has work
  bool finishes; // it alone finishes the sums of its channels
};

template <int V> DEVICE Place place_of(const Walk &w) {
  int thread = static_cast<int>(threadIdx.x);
  int group = static_cast<int>(blockIdx.x) * w.tile + thread % w.tile;
  int row = thread / w.tile;
  bool in = row < w.height && group < w.groups;
  return {row, group * V, in, in && row == 0};
}

// The rows of a thread: from, from + height, ... below end.
struct Rows {
  long long from, end;
};

DEVICE Rows rows_of(const Walk &w, const Place &p) {
  long long from = blockIdx.y * w.part_rows, end = from + w.part_rows;
  return {from + p.row, end < w.rows ? end : w.rows};
}

// Two sums for each channel of a thread, in shared memory: number i of a thread
// is at [i * kThreads + thread].
template <int V> DEVICE void put(double *sums, const float (&s)[V], int first) {
  UNROLL
  for (int i = 0; i < V; ++i)
    sums[(first + i) * kThreads + threadIdx.x] = s[i];
}

// Adds the sums of all rows of threads to those of the first one, in pairs.
template <int V> DEVICE void add_up(double *sums, const Walk &w) {
  for (int n = w.height; n > 1;) {
    int half = (n + 1) / 2;
    THREADS {
      int thread = static_cast<int>(threadIdx.x);
      if (thread / w.tile < n - half) {
        UNROLL
        for (int i = 0; i < 2 * V; ++i)
          sums[i * kThreads + thread] +=
              sums[i * kThreads + thread + half * w.tile];
      }
    }
    BARRIER();
    n = half;
  }
}

// Adds up the sums of all parts. It returns true in the block that comes last,
// which has the totals then.
template <int V>
DEVICE bool all_added(double *sums, const Walk &w, float *partial,
                      unsigned *counters) {
  __shared__ bool last;
  add_up<V>(sums, w);
  if (w.parts == 1)
    return true;
  THREADS {
    Place p = place_of<V>(w);
    float *to = partial + 2ll * blockIdx.y * w.channels + p.channel;
    if (p.finishes) {
      UNROLL
      for (int i = 0; i < V; ++i) {
        to[i] = static_cast<float>(sums[i * kThreads + threadIdx.x]);
        to[w.channels + i] =
            static_cast<float>(sums[(V + i) * kThreads + threadIdx.x]);
      }
    }
    __threadfence(); // before the block is counted
  }
  BARRIER();
  THREADS {
    unsigned most = static_cast<unsigned>(w.parts) - 1;
    if (threadIdx.x == 0) // the last one sets the counter back to 0
      last = atomicInc(counters + blockIdx.x, most) == most;
  }
  BARRIER();
  if (!last)
    return false;
  THREADS {
    __threadfence();
    Place p = place_of<V>(w);
    double total[2 * V] = {};
    for (int part = p.row; p.in && part < w.parts; part += w.height) {
      const float *from = partial + 2ll * part * w.channels + p.channel;
      UNROLL
      for (int i = 0; i < V; ++i) {
        // Not from the first cache, which other blocks' writes do not reach.
        total[i] += static_cast<double>(__ldcg(from + i));
        total[V + i] += static_cast<double>(__ldcg(from + w.channels + i));
      }
    }
    UNROLL
    for (int i = 0; i < 2 * V; ++i)
      sums[i * kThreads + threadIdx.x] = total[i];
  }
  BARRIER();
  add_up<V>(sums, w);
  return true;
}

} // namespace fused
} // namespace backfire
#endif
