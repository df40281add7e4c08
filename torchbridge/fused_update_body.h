// The update of all weights on a GPU; see fused_walk.h.
#ifndef BACKFIRE_FUSED_UPDATE_BODY_H
#define BACKFIRE_FUSED_UPDATE_BODY_H

namespace backfire {
namespace fused {

// One weight's step; its copy is returned.
DEVICE Half updated(const Update &a, float rate, float gradient, float &weight,
                    float *velocity) {
  float g = fmaf(a.decay, weight, gradient);
  if (velocity) {
    float v = fmaf(a.momentum, *velocity, g);
    *velocity = v;
    g = a.nesterov ? fmaf(a.momentum, v, g) : v;
  }
  weight = fmaf(-rate, g, weight);
  return halved(weight);
}

// Four weights from `at` on, as one access each.
template <class T>
DEVICE void update_four(const Update &a, const Updated &t, float rate,
                        long long at) {
  float gradient[4], weight[4], velocity[4] = {};
  Pack<Half, 4> copy;
  load<T, 4>(t.gradient, at, gradient);
  load<float, 4>(t.weight, at, weight);
  if (t.velocity)
    load<float, 4>(t.velocity, at, velocity);
  UNROLL
  for (int i = 0; i < 4; ++i)
    copy.at[i] = updated(a, rate, gradient[i], weight[i],
                         t.velocity ? velocity + i : nullptr);
  store<float, 4>(t.weight, at, weight);
  if (t.velocity)
    store<float, 4>(t.velocity, at, velocity);
  if (t.copy)
    *reinterpret_cast<Pack<Half, 4> *>(t.copy + at) = copy;
}

template <class T> DEVICE void update(const Update &a) {
  int block = static_cast<int>(blockIdx.x), low = 0, high = a.count - 1;
  while (low < high) { // the last tensor that begins at or before the block
    int middle = (low + high + 1) / 2;
    if (a.list[middle].first <= block)
      low = middle;
    else
      high = middle - 1;
  }
  const Updated &t = a.list[low];
  long long from = static_cast<long long>(block - t.first) * kPiece;
  long long end = from + kPiece < t.count ? from + kPiece : t.count;
  THREADS {
    float rate = *a.rate;
    for (long long at = from + 4 * threadIdx.x; at < end; at += 4 * kThreads) {
      if (t.wide && at + 4 <= end) {
        update_four<T>(a, t, rate, at);
      } else {
        for (long long i = at; i < at + 4 && i < end; ++i) {
          Half copy =
              updated(a, rate, widened(static_cast<const T *>(t.gradient)[i]),
                      t.weight[i], t.velocity ? t.velocity + i : nullptr);
          if (t.copy)
            t.copy[i] = copy;
        }
      }
    }
  }
}

KERNEL update_f(ARGUMENTS(Update) a) { update<float>(a); }
KERNEL update_b(ARGUMENTS(Update) a) { update<Half>(a); }

} // namespace fused
} // namespace backfire
#endif
