// The vectors of a set of kernels: AVX-512, AVX2, NEON, or plain C++.
//
// A file that compiles a set includes this first, then the loops. It defines
// BACKFIRE_AVX512, BACKFIRE_AVX2, BACKFIRE_NEON or none of them. All names are
// its own: a function that two sets shared would be compiled for one of them.
// For the same reason nothing of the standard library that is not a mere
// declaration is used here or in the loops.
//
// Every set rounds alike. A sum is made number by number in the order of its
// terms, a product that is added is rounded once with the sum (fma), and no
// other product is: contraction by the compiler is off.
#ifndef BACKFIRE_LANES_H
#define BACKFIRE_LANES_H

#include <cstdint>

#pragma GCC optimize("fp-contract=off")
#if defined(BACKFIRE_AVX512)
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")
#elif defined(BACKFIRE_AVX2)
#pragma GCC target("avx2,fma")
#endif
#if defined(BACKFIRE_AVX512) || defined(BACKFIRE_AVX2)
#include <immintrin.h>
#elif defined(BACKFIRE_NEON)
#include <arm_neon.h>
#endif

#define INLINE inline __attribute__((always_inline))

namespace backfire {
namespace {

#if defined(BACKFIRE_AVX512) || defined(BACKFIRE_AVX2)

// Whether vectors are in registers.
constexpr bool kInRegisters = true;

#define LANES(name, lanes)                                                     \
  struct name {                                                                \
    static constexpr int64_t kLanes = lanes;                                   \
    using Vector = float __attribute__((vector_size(lanes * sizeof(float))));  \
    using Loose /* at any address */ = float __attribute__((                   \
        vector_size(lanes * sizeof(float)), aligned(4), may_alias));           \
  };
LANES(Eight, 8)
INLINE Eight::Vector fma(Eight::Vector a, Eight::Vector b, Eight::Vector c) {
  return _mm256_fmadd_ps(a, b, c);
}
INLINE Eight::Vector root(Eight::Vector v) { return _mm256_sqrt_ps(v); }
INLINE void fill(Eight::Vector &v, float x) { v = _mm256_set1_ps(x); }
#ifdef BACKFIRE_AVX512
LANES(Sixteen, 16)
INLINE Sixteen::Vector fma(Sixteen::Vector a, Sixteen::Vector b,
                           Sixteen::Vector c) {
  return _mm512_fmadd_ps(a, b, c);
}
INLINE Sixteen::Vector root(Sixteen::Vector v) {
  return _mm512_maskz_sqrt_ps(0xffff, v); // _mm512_sqrt_ps makes GCC 12 warn
}
INLINE void fill(Sixteen::Vector &v, float x) { v = _mm512_set1_ps(x); }
#endif
#undef LANES

template <class L> INLINE typename L::Vector load(const float *p) {
  return *reinterpret_cast<const typename L::Loose *>(p);
}
template <class L> INLINE void store(float *p, typename L::Vector v) {
  *reinterpret_cast<typename L::Loose *>(p) = v;
}
// g where y is above 0, otherwise 0.
template <class V> INLINE V where_positive(V y, V g) {
  const V zero = {};
  return y > zero ? g : zero;
}
// Not below 0. NaN stays, as with PyTorch's ReLU.
template <class V> INLINE V rectified(V v) {
  const V zero = {};
  return v < zero ? zero : v;
}

#elif defined(BACKFIRE_NEON)

constexpr bool kInRegisters = true;

// Registers of four lanes, by pairs. There are 32, so that what fits the
// sixteen of AVX2 fits here, too.
struct Eight {
  static constexpr int64_t kLanes = 8;
  struct Vector {
    float32x4_t low, high;
  };
};
INLINE Eight::Vector fma(Eight::Vector a, Eight::Vector b, Eight::Vector c) {
  return {vfmaq_f32(c.low, a.low, b.low), vfmaq_f32(c.high, a.high, b.high)};
}
INLINE Eight::Vector root(Eight::Vector v) {
  return {vsqrtq_f32(v.low), vsqrtq_f32(v.high)};
}
INLINE void fill(Eight::Vector &v, float x) {
  v = {vdupq_n_f32(x), vdupq_n_f32(x)};
}
INLINE Eight::Vector operator+(Eight::Vector a, Eight::Vector b) {
  return {vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
}
INLINE Eight::Vector operator-(Eight::Vector a, Eight::Vector b) {
  return {vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)};
}
INLINE Eight::Vector operator*(Eight::Vector a, Eight::Vector b) {
  return {vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)};
}
INLINE Eight::Vector operator/(Eight::Vector a, Eight::Vector b) {
  return {vdivq_f32(a.low, b.low), vdivq_f32(a.high, b.high)};
}
template <class L> INLINE typename L::Vector load(const float *p) {
  return {vld1q_f32(p), vld1q_f32(p + 4)};
}
template <class L> INLINE void store(float *p, typename L::Vector v) {
  vst1q_f32(p, v.low);
  vst1q_f32(p + 4, v.high);
}
template <class V> INLINE V where_positive(V y, V g) {
  const float32x4_t zero = {};
  return {vbslq_f32(vcgtq_f32(y.low, zero), g.low, zero),
          vbslq_f32(vcgtq_f32(y.high, zero), g.high, zero)};
}
template <class V> INLINE V rectified(V v) {
  const float32x4_t zero = {};
  return {vbslq_f32(vcltq_f32(v.low, zero), zero, v.low),
          vbslq_f32(vcltq_f32(v.high, zero), zero, v.high)};
}

#else

constexpr bool kInRegisters = false;

struct Eight {
  static constexpr int64_t kLanes = 8;
  struct Vector {
    float at[kLanes];
  };
};
#define EACH for (int64_t i = 0; i < Eight::kLanes; ++i)
INLINE Eight::Vector fma(const Eight::Vector &a, const Eight::Vector &b,
                         Eight::Vector c) {
  EACH c.at[i] = __builtin_fmaf(a.at[i], b.at[i], c.at[i]);
  return c;
}
INLINE Eight::Vector root(Eight::Vector v) {
  EACH v.at[i] = __builtin_sqrtf(v.at[i]);
  return v;
}
INLINE void fill(Eight::Vector &v, float x) { EACH v.at[i] = x; }
INLINE Eight::Vector operator+(Eight::Vector a, const Eight::Vector &b) {
  EACH a.at[i] += b.at[i];
  return a;
}
INLINE Eight::Vector operator-(Eight::Vector a, const Eight::Vector &b) {
  EACH a.at[i] -= b.at[i];
  return a;
}
INLINE Eight::Vector operator*(Eight::Vector a, const Eight::Vector &b) {
  EACH a.at[i] *= b.at[i];
  return a;
}
INLINE Eight::Vector operator/(Eight::Vector a, const Eight::Vector &b) {
  EACH a.at[i] /= b.at[i];
  return a;
}
template <class L> INLINE typename L::Vector load(const float *p) {
  typename L::Vector v;
  EACH v.at[i] = p[i];
  return v;
}
template <class L> INLINE void store(float *p, const typename L::Vector &v) {
  EACH p[i] = v.at[i];
}
template <class V> INLINE V where_positive(const V &y, V g) {
  EACH g.at[i] = y.at[i] > 0 ? g.at[i] : 0;
  return g;
}
template <class V> INLINE V rectified(V v) {
  EACH v.at[i] = v.at[i] < 0 ? 0 : v.at[i];
  return v;
}
#undef EACH

#endif

INLINE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
INLINE float root(float v) { return __builtin_sqrtf(v); }
INLINE void fill(float &v, float x) { v = x; }

template <class V> INLINE V fma(float a, V b, V c) {
  V all;
  fill(all, a);
  return fma(all, b, c);
}
template <class V> INLINE V times(float a, V b) {
  V all;
  fill(all, a);
  return all * b;
}
INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

} // namespace
} // namespace backfire
#endif
