// The one-dimensional transforms of Winograd's minimal filtering algorithms
// F(4, 3) and F(3, 4), which share the points 0, 1, -1, 2, -2 and infinity.
//
// The result of a 3x3 filter g on a tile d of 6x6 pixels is
// A'((G g G') (.) (B' d B)) A, 4x4 pixels (Lavin and Gray 2016, "Fast
// Algorithms for Convolutional Neural Networks", equation 8; a prime
// transposes, (.) multiplies number by number; the matrices are those of their
// section 4.3). The gradient of the filter is the result of the 4x4 gradient as
// a filter on the same tile. Its transforms are the same but for one row or
// column: a filter of four numbers is the polynomial of four coefficients at
// the same points, scaled alike.
#ifndef BACKFIRE_WINOGRAD_TRANSFORMS_H
#define BACKFIRE_WINOGRAD_TRANSFORMS_H

#include "lanes.h"

namespace backfire {
namespace {

// B' of both algorithms, on six pixels.
template <class V> INLINE void transform_data(const V *d, V *v) {
  V even = fma(-4.0f, d[2], d[4]), odd = fma(-4.0f, d[1], d[3]);
  V near = d[4] - d[2], far = d[3] - d[1];
  v[0] = fma(4.0f, d[0], fma(-5.0f, d[2], d[4]));
  v[1] = even + odd;
  v[2] = even - odd;
  v[3] = fma(2.0f, far, near);
  v[4] = fma(-2.0f, far, near);
  v[5] = fma(4.0f, d[1], fma(-5.0f, d[3], d[5]));
}

// G of F(4, 3), on a filter of three numbers.
template <class V> INLINE void transform_filter(const V *g, V *u) {
  V even = times(-1.0f / 6, g[0] + g[2]);
  V half = fma(1.0f / 24, g[0], times(1.0f / 6, g[2]));
  u[0] = times(0.25f, g[0]);
  u[1] = fma(-1.0f / 6, g[1], even);
  u[2] = fma(1.0f / 6, g[1], even);
  u[3] = fma(1.0f / 12, g[1], half);
  u[4] = fma(-1.0f / 12, g[1], half);
  u[5] = g[2];
}

// G of F(3, 4), on a gradient of four numbers.
template <class V> INLINE void transform_gradient(const V *g, V *u) {
  V even = times(-1.0f / 6, g[0] + g[2]), odd = g[1] + g[3];
  V half = fma(1.0f / 24, g[0], times(1.0f / 6, g[2]));
  V twelfth = fma(1.0f / 12, g[1], times(1.0f / 3, g[3]));
  u[0] = times(0.25f, g[0]);
  u[1] = fma(-1.0f / 6, odd, even);
  u[2] = fma(1.0f / 6, odd, even);
  u[3] = half + twelfth;
  u[4] = half - twelfth;
  u[5] = g[3];
}

// A' of F(4, 3), of products to four pixels of the result.
template <class V> INLINE void transform_result(const V *m, V *y) {
  V near = m[1] + m[2], near_odd = m[1] - m[2];
  V far = m[3] + m[4], far_odd = m[3] - m[4];
  y[0] = m[0] + near + far;
  y[1] = fma(2.0f, far_odd, near_odd);
  y[2] = fma(4.0f, far, near);
  y[3] = fma(8.0f, far_odd, near_odd) + m[5];
}

// A' of F(3, 4), of products to three weights.
template <class V> INLINE void transform_weights(const V *m, V *w) {
  V near = m[1] + m[2], near_odd = m[1] - m[2];
  V far = m[3] + m[4], far_odd = m[3] - m[4];
  w[0] = m[0] + near + far;
  w[1] = fma(2.0f, far_odd, near_odd);
  w[2] = fma(4.0f, far, near) + m[5];
}

} // namespace
} // namespace backfire
#endif
