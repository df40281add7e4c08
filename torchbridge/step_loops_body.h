// The loops of step_loops.h; see lanes.h for what may be used here.
#include "lanes.h"
#include "step_loops.h"

namespace backfire {
namespace {

float dot(const float *x, const float *w, int64_t count) {
  using L = Eight;
  L::Vector sum[2] = {};
  for (int64_t i = 0; i < count; i += L::kLanes)
    sum[i / L::kLanes % 2] =
        fma(load<L>(x + i), load<L>(w + i), sum[i / L::kLanes % 2]);
  float all[L::kLanes];
  store<L>(all, sum[0] + sum[1]);
  for (int half = 4; half > 0; half /= 2)
    for (int i = 0; i < half; ++i)
      all[i] += all[i + half];
  return all[0];
}

// A number that fills no vector.
struct One {
  static constexpr int64_t kLanes = 1;
  using Vector = float;
};
template <class L> INLINE typename L::Vector take(const float *p) {
  if constexpr (L::kLanes == 1)
    return *p;
  else
    return load<L>(p);
}
template <class L> INLINE void put(float *p, typename L::Vector v) {
  if constexpr (L::kLanes == 1)
    *p = v;
  else
    store<L>(p, v);
}

template <class L> INLINE void sgd_at(const SgdUpdate &a, int64_t i) {
  using V = typename L::Vector;
  V w = take<L>(a.weight + i);
  V g = fma(a.decay, w, take<L>(a.gradient + i));
  if (a.velocity) {
    V v = fma(a.momentum, take<L>(a.velocity + i), g);
    put<L>(a.velocity + i, v);
    g = a.nesterov ? fma(a.momentum, v, g) : v;
  }
  put<L>(a.weight + i, fma(-a.rate, g, w));
}

template <class L> INLINE void adam_at(const AdamUpdate &a, int64_t i) {
  using V = typename L::Vector;
  V w = take<L>(a.weight + i), epsilon, correction;
  fill(epsilon, a.epsilon);
  fill(correction, a.variance_root);
  V g = fma(a.coupled, w, take<L>(a.gradient + i));
  V m = fma(a.beta1, take<L>(a.mean + i), times(1 - a.beta1, g));
  V v = fma(a.beta2, take<L>(a.variance + i), times(1 - a.beta2, g) * g);
  put<L>(a.mean + i, m);
  put<L>(a.variance + i, v);
  V step = times(a.rate, m) / (root(v) / correction + epsilon);
  put<L>(a.weight + i, times(a.shrink, w) - step);
}

template <class L> void sgd_loop(const SgdUpdate &a) {
  int64_t i = 0;
  for (; i + L::kLanes <= a.count; i += L::kLanes)
    sgd_at<L>(a, i);
  for (; i < a.count; ++i)
    sgd_at<One>(a, i);
}

template <class L> void adam_loop(const AdamUpdate &a) {
  int64_t i = 0;
  for (; i + L::kLanes <= a.count; i += L::kLanes)
    adam_at<L>(a, i);
  for (; i < a.count; ++i)
    adam_at<One>(a, i);
}

template <class L>
void add_scaled(float factor, const float *from, int64_t count, float *to) {
  int64_t i = 0;
  for (; i + L::kLanes <= count; i += L::kLanes)
    store<L>(to + i, fma(factor, load<L>(from + i), load<L>(to + i)));
  for (; i < count; ++i)
    to[i] = fma(factor, from[i], to[i]);
}

void pool(const float *x, int64_t pixels, int64_t channels, float *y) {
  using L = Eight;
  for (int64_t c = 0; c < channels; c += L::kLanes) {
    L::Vector sum = {};
    for (int64_t p = 0; p < pixels; ++p)
      sum = sum + load<L>(x + p * channels + c);
    store<L>(y + c, times(1.0f / static_cast<float>(pixels), sum));
  }
}

void spread(const float *dy, int64_t pixels, int64_t channels, float *dx) {
  using L = Eight;
  for (int64_t p = 0; p < pixels; ++p)
    for (int64_t c = 0; c < channels; c += L::kLanes)
      store<L>(dx + p * channels + c,
               times(1.0f / static_cast<float>(pixels), load<L>(dy + c)));
}

template <class L> constexpr StepLoops step_loops() {
  return {dot, add_scaled<L>, pool, spread, sgd_loop<L>, adam_loop<L>};
}

} // namespace
} // namespace backfire
