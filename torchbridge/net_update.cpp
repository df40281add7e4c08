#pragma GCC optimize("fp-contract=off")

#include "kernel_set.h"
#include "net_step.h"
#include "parallel.h"

#include <cmath>

namespace backfire {
namespace {

// Adam's constants, as in optimizer.go.
constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;

// Numbers of a tensor that one thread updates at a time.
constexpr int64_t kPiece = 1 << 15;

// base to the power of a whole number, by squares.
double power(double base, int64_t exponent) {
  double result = 1;
  for (; exponent > 0; exponent /= 2, base *= base)
    if (exponent % 2)
      result *= base;
  return result;
}

struct Updater {
  const Optimizer &optimizer;
  float rate;

  void sgd(const Trained &t, float *velocity, int64_t at, int64_t from,
           int64_t count) const {
    kernels().step.sgd(
        {t.values + at, velocity ? velocity + at : nullptr, t.gradient + from,
         count, rate, static_cast<float>(optimizer.momentum),
         static_cast<float>(optimizer.decay), optimizer.nesterov});
  }

  void adam(const Trained &t, size_t i, int64_t at, int64_t from,
            int64_t count) const {
    auto steps = static_cast<int64_t>(*optimizer.steps[i]);
    bool coupled = optimizer.kind == Optimizer::Kind::kAdam;
    double decay = optimizer.decay;
    kernels().step.adam(
        {t.values + at, optimizer.first[i] + at, optimizer.second[i] + at,
         t.gradient + from, count, static_cast<float>(kBeta1),
         static_cast<float>(kBeta2), static_cast<float>(kEpsilon),
         static_cast<float>(coupled ? decay : 0),
         static_cast<float>(coupled ? 1 : 1 - rate * decay),
         static_cast<float>(rate / (1 - power(kBeta1, steps))),
         static_cast<float>(std::sqrt(1 - power(kBeta2, steps)))});
  }

  void part(const Trained &t, size_t i, int64_t at, int64_t from,
            int64_t count) const {
    if (optimizer.kind == Optimizer::Kind::kSgd)
      sgd(t, optimizer.first.empty() ? nullptr : optimizer.first[i], at, from,
          count);
    else
      adam(t, i, at, from, count);
  }
};

} // namespace

void update(const std::vector<Trained> &trained, const Optimizer &optimizer,
            float rate) {
  Updater updater{optimizer, rate};
  for (size_t i = 0; i < trained.size(); ++i) {
    const auto &t = trained[i];
    if (!optimizer.steps.empty())
      ++*optimizer.steps[i];
    if (t.rows > 1) {
      for (int64_t r = 0; r < t.rows; ++r)
        updater.part(t, i, r * t.length, r * t.stride, t.length);
      continue;
    }
    int64_t pieces = (t.length + kPiece - 1) / kPiece;
    parallel_for(pieces, 1, [&](int64_t first, int64_t last) {
      for (int64_t p = first; p < last; ++p)
        updater.part(t, i, p * kPiece, p * kPiece,
                     std::min(kPiece, t.length - p * kPiece));
    });
  }
}

} // namespace backfire
