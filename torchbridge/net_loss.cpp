#pragma GCC optimize("fp-contract=off")

#include "net.h"

#include <algorithm>
#include <cstring>

namespace backfire {

double exponential(double x) {
  constexpr double kLog2E = 1.4426950408889634,
                   kHigh = 6.93147180369123816490e-01, // of ln 2, 33 bits
      kLow = 1.90821492927058770002e-10;
  if (!(x > -700))
    return x != x ? x : 0;
  auto k = static_cast<int64_t>(x * kLog2E - 0.5); // to the nearest: x <= 0
  double r =
      (x - static_cast<double>(k) * kHigh) - static_cast<double>(k) * kLow;
  double sum = 1; // Taylor's series, of which the next term is below 1e-17
  for (int i = 13; i > 0; --i)
    sum = 1 + r / i * sum;
  int64_t bits = (k + 1023) << 52; // 2^k
  double power;
  std::memcpy(&power, &bits, sizeof power);
  return sum * power;
}

double logarithm(double x) {
  constexpr double kLn2 = 0.6931471805599453, kRoot2 = 1.4142135623730951;
  if (!(x < 1e300))
    return x; // infinite, or not a number
  int64_t k = 0;
  for (; x > kRoot2; ++k)
    x /= 2; // exact
  // log x = 2 artanh f.
  double f = (x - 1) / (x + 1), square = f * f, sum = 0;
  for (int i = 21; i > 0; i -= 2)
    sum = sum * square + 1.0 / i;
  return 2 * f * sum + static_cast<double>(k) * kLn2;
}

namespace {

// The largest logit, and the sum of the exponentials of their differences to
// it.
struct Peak {
  double most, sum;

  Peak(const float *logits, int64_t classes) : most(logits[0]), sum(0) {
    for (int64_t k = 1; k < classes; ++k)
      most = logits[k] > most ? logits[k] : most;
    for (int64_t k = 0; k < classes; ++k)
      sum += exponential(logits[k] - most);
  }
  double probability(float logit) const {
    return exponential(logit - most) / sum;
  }
};

} // namespace

void softmax(const float *logits, int64_t classes, float *probabilities) {
  Peak peak(logits, classes);
  for (int64_t k = 0; k < classes; ++k)
    probabilities[k] = static_cast<float>(peak.probability(logits[k]));
}

double Net::loss(const Labels &labels, double factor) {
  int64_t classes = shape.classes;
  double own = labels.own_weight, other = labels.partner_weight, sum = 0;
  factor /= static_cast<double>(images);
  for (int64_t i = 0; i < images; ++i) {
    const float *row = logits.data() + i * classes;
    float *gradient = logit_gradient.data() + i * classes;
    Peak peak(row, classes);
    double log_sum = logarithm(peak.sum) + peak.most;
    int64_t first = labels.own[i],
            second = labels.partner ? labels.partner[i] : 0;
    sum += own * (log_sum - row[first]);
    if (labels.partner)
      sum += other * (log_sum - row[second]);
    for (int64_t k = 0; k < classes; ++k) {
      double g = (own + other) * peak.probability(row[k]);
      if (k == first)
        g -= own;
      if (labels.partner && k == second)
        g -= other;
      gradient[k] = static_cast<float>(factor * g);
    }
  }
  return sum / static_cast<double>(images);
}

int64_t Net::hits(const int64_t *labels) const {
  int64_t count = 0;
  for (int64_t i = 0; i < images; ++i) {
    const float *row = logits.data() + i * shape.classes;
    count += std::max_element(row, row + shape.classes) - row == labels[i];
  }
  return count;
}

} // namespace backfire
