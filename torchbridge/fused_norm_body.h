// Batch normalisation with residual addition and ReLU on a GPU; see
// fused_walk.h.
#ifndef BACKFIRE_FUSED_NORM_BODY_H
#define BACKFIRE_FUSED_NORM_BODY_H

namespace backfire {
namespace fused {

DEVICE void set_scale(const NormForward &a, int c, float mean,
                      float deviation) {
  int n = a.walk.channels;
  float scale = a.weight[c] * deviation;
  a.statistics[c] = mean;
  a.statistics[n + c] = deviation;
  a.statistics[2 * n + c] = scale;
  a.statistics[3 * n + c] = a.bias[c] - mean * scale;
}

// The statistics of a channel from sums around a pixel's value, which lose few
// digits to the mean's.
DEVICE void set_statistics(const NormForward &a, int c, float pivot, double sum,
                           double squares) {
  double n = static_cast<double>(a.walk.rows);
  double center = static_cast<double>(pivot) + sum / n;
  double spread = squares - sum * sum / n;
  spread = spread < 0 ? 0 : spread; // NaN stays
  double mean = a.mean[c], variance = a.variance[c];
  a.mean[c] = static_cast<float>(mean + a.momentum * (center - mean));
  a.variance[c] =
      static_cast<float>(variance + a.momentum * (spread / (n - 1) - variance));
  set_scale(a, c, static_cast<float>(center),
            static_cast<float>(1 / sqrt(spread / n + a.epsilon)));
}

template <class T, int V> DEVICE void normalise_rows(const NormForward &a) {
  const Walk &w = a.walk;
  THREADS {
    Place p = place_of<V>(w);
    if (p.in) {
      float scale[V], shift[V];
      UNROLL
      for (int i = 0; i < V; ++i) {
        scale[i] = a.statistics[2 * w.channels + p.channel + i];
        shift[i] = a.statistics[3 * w.channels + p.channel + i];
      }
      Rows rows = rows_of(w, p);
      for (long long r = rows.from; r < rows.end; r += w.height) {
        long long at = r * w.channels + p.channel;
        float v[V], added[V] = {};
        load<T, V>(a.x, at, v);
        if (a.residual)
          load<T, V>(a.residual, at, added);
        UNROLL
        for (int i = 0; i < V; ++i) {
          v[i] = fmaf(v[i], scale[i], shift[i]);
          if (a.residual)
            v[i] += added[i];
          if (a.relu && v[i] < 0)
            v[i] = 0;
        }
        store<T, V>(a.y, at, v);
      }
    }
  }
}

// The statistics of a batch; where one block has all rows, all of the layer.
template <class T, int V> DEVICE void moments(const NormForward &a) {
  __shared__ double sums[2 * V * kThreads];
  const Walk &w = a.walk;
  THREADS {
    Place p = place_of<V>(w);
    float s[V] = {}, q[V] = {};
    if (p.in) {
      float pivot[V];
      load<T, V>(a.x, p.channel, pivot);
      Rows rows = rows_of(w, p);
      for (long long r = rows.from; r < rows.end; r += w.height) {
        float v[V];
        load<T, V>(a.x, r * w.channels + p.channel, v);
        UNROLL
        for (int i = 0; i < V; ++i) {
          float d = v[i] - pivot[i];
          s[i] += d;
          q[i] = fmaf(d, d, q[i]);
        }
      }
    }
    put<V>(sums, s, 0);
    put<V>(sums, q, V);
  }
  BARRIER();
  if (!all_added<V>(sums, w, a.partial, a.counters))
    return;
  THREADS {
    Place p = place_of<V>(w);
    if (p.finishes) {
      float pivot[V];
      load<T, V>(a.x, p.channel, pivot);
      UNROLL
      for (int i = 0; i < V; ++i)
        set_statistics(a, p.channel + i, pivot[i],
                       sums[i * kThreads + threadIdx.x],
                       sums[(V + i) * kThreads + threadIdx.x]);
    }
  }
  BARRIER();
  if (w.parts == 1)
    normalise_rows<T, V>(a);
}

// The gradient behind the ReLU, and x.
template <class T, int V>
DEVICE void load_gradient(const NormBackward &a, const void *from, bool masked,
                          long long at, float (&g)[V], float (&x)[V]) {
  load<T, V>(from, at, g);
  load<T, V>(a.x, at, x);
  if (masked) {
    float y[V];
    load<T, V>(a.y, at, y);
    UNROLL
    for (int i = 0; i < V; ++i)
      g[i] = y[i] > 0 ? g[i] : 0;
  }
}

DEVICE void set_factors(const NormBackward &a, int c, double sum,
                        double products) {
  int n = a.walk.channels;
  double deviation = a.statistics[n + c];
  double factor = static_cast<double>(a.weight[c]) * deviation;
  // In training, what the mean and the variance of the batch owe to x.
  double share = a.training ? 1.0 / static_cast<double>(a.walk.rows) : 0;
  a.dweight[c] = static_cast<float>(products * deviation);
  a.dbias[c] = static_cast<float>(sum);
  a.factors[c] = static_cast<float>(factor);
  a.factors[n + c] =
      static_cast<float>(-factor * share * products * deviation * deviation);
  a.factors[2 * n + c] = static_cast<float>(-factor * share * sum);
}

template <class T, int V> DEVICE void gradient_rows(const NormBackward &a) {
  const Walk &w = a.walk;
  THREADS {
    Place p = place_of<V>(w);
    if (p.in && a.dx) {
      float mean[V], scale[V], slope[V], shift[V];
      UNROLL
      for (int i = 0; i < V; ++i) {
        int c = p.channel + i;
        mean[i] = a.statistics[c];
        scale[i] = a.factors[c];
        slope[i] = a.factors[w.channels + c];
        shift[i] = a.factors[2 * w.channels + c];
      }
      Rows rows = rows_of(w, p);
      const void *from = a.kept ? a.kept : a.dy;
      for (long long r = rows.from; r < rows.end; r += w.height) {
        long long at = r * w.channels + p.channel;
        float g[V], x[V];
        load_gradient<T, V>(a, from, a.y && !a.kept, at, g, x);
        UNROLL
        for (int i = 0; i < V; ++i)
          x[i] = fmaf(g[i], scale[i], fmaf(x[i] - mean[i], slope[i], shift[i]));
        store<T, V>(a.dx, at, x);
      }
    }
  }
}

// The gradients of weight and bias; where one block has all rows, that of x,
// too.
template <class T, int V> DEVICE void gradient_sums(const NormBackward &a) {
  __shared__ double sums[2 * V * kThreads];
  const Walk &w = a.walk;
  THREADS {
    Place p = place_of<V>(w);
    float s[V] = {}, q[V] = {};
    if (p.in) {
      float mean[V];
      UNROLL
      for (int i = 0; i < V; ++i)
        mean[i] = a.statistics[p.channel + i];
      Rows rows = rows_of(w, p);
      for (long long r = rows.from; r < rows.end; r += w.height) {
        long long at = r * w.channels + p.channel;
        float g[V], x[V];
        load_gradient<T, V>(a, a.dy, a.y != nullptr, at, g, x);
        if (a.kept)
          store<T, V>(a.kept, at, g);
        UNROLL
        for (int i = 0; i < V; ++i) {
          s[i] += g[i];
          q[i] = fmaf(g[i], x[i] - mean[i], q[i]);
        }
      }
    }
    put<V>(sums, s, 0);
    put<V>(sums, q, V);
  }
  BARRIER();
  if (!all_added<V>(sums, w, a.partial, a.counters))
    return;
  THREADS {
    Place p = place_of<V>(w);
    if (p.finishes) {
      UNROLL
      for (int i = 0; i < V; ++i)
        set_factors(a, p.channel + i, sums[i * kThreads + threadIdx.x],
                    sums[(V + i) * kThreads + threadIdx.x]);
    }
  }
  BARRIER();
  if (w.parts == 1)
    gradient_rows<T, V>(a);
}

// The statistics of a normalisation by the running ones.
KERNEL recall(ARGUMENTS(NormForward) a) {
  THREADS {
    int c = static_cast<int>(blockIdx.x * kThreads + threadIdx.x);
    if (c < a.walk.channels) {
      double variance = a.variance[c];
      set_scale(a, c, a.mean[c],
                static_cast<float>(1 / sqrt(variance + a.epsilon)));
    }
  }
}

// For float and bfloat16 (f, b), one channel and as many as 16 bytes hold.
#define NORMS(form, T, V)                                                      \
  KERNEL moments_##form(ARGUMENTS(NormForward) a) { moments<T, V>(a); }        \
  KERNEL normalise_##form(ARGUMENTS(NormForward) a) {                          \
    normalise_rows<T, V>(a);                                                   \
  }                                                                            \
  KERNEL sums_##form(ARGUMENTS(NormBackward) a) { gradient_sums<T, V>(a); }    \
  KERNEL gradient_##form(ARGUMENTS(NormBackward) a) { gradient_rows<T, V>(a); }

NORMS(f1, float, 1)
NORMS(f4, float, 4)
NORMS(b1, Half, 1)
NORMS(b8, Half, 8)

} // namespace fused
} // namespace backfire
#endif
