#include "lists.h"

#include "../../kernel_set.h"
#include "../../net.h"
#include "../../norm_kernels.h"

#include <cmath>
#include <limits>

using namespace backfire;

void write_functions() {
  Random random(1);
  std::vector<double> powers, logarithms;
  for (int i = 0; i < 2000; ++i) {
    double x = -(i % 710) - static_cast<double>(random.uniform()) - 1;
    powers.push_back(exponential(x));
    powers.push_back(exponential(x / 700));
    logarithms.push_back(logarithm(1 - x * x * x));
    logarithms.push_back(logarithm(1 - x / 700));
  }
  write_list("exponential", powers);
  write_list("logarithm", logarithms);
  auto logits = random.uniforms(40, 30);
  std::vector<float> probabilities(40);
  for (int64_t i = 0; i < 4; ++i)
    softmax(logits.data() + i * 10, 10, probabilities.data() + i * 10);
  write_list("softmax", probabilities);
}

namespace {

// Numbers of every kind: usual, next to zero and below the normal ones, both
// zeros, infinite, and none.
std::vector<float> specials(Random &random, int64_t count) {
  using Limits = std::numeric_limits<float>;
  const float list[] = {0.0f,
                        -0.0f,
                        Limits::denorm_min(),
                        -Limits::denorm_min(),
                        Limits::min(),
                        -Limits::min() / 3,
                        Limits::infinity(),
                        -Limits::infinity(),
                        Limits::quiet_NaN(),
                        Limits::max(),
                        1e-30f,
                        -1e-42f};
  std::vector<float> values(count);
  for (auto &v : values)
    v = random.below(2) ? random.uniform() : list[random.below(12)];
  return values;
}

void write_norms(const std::string &name, Extent extent, bool special) {
  Random random(extent.rows + extent.channels);
  int64_t count = extent.rows * extent.channels;
  auto draw = [&](int64_t n) {
    return special ? specials(random, n) : random.uniforms(n, 3);
  };
  auto x = draw(count), residual = draw(count), dy = draw(count);
  auto scale = draw(extent.channels), shift = draw(extent.channels),
       slope = draw(extent.channels), mean = draw(extent.channels);
  std::vector<float> y(count), kept(count), dx(count);
  std::vector<double> sum(extent.channels), products(extent.channels);
  for (int i = 0; i < 4; ++i) {
    normalise(x.data(), extent, scale.data(), shift.data(),
              i & 1 ? residual.data() : nullptr, i & 2, y.data());
    write_list(name + " normalised", y);
    input_gradient(dy.data(), i & 2 ? y.data() : nullptr, x.data(), extent,
                   mean.data(), scale.data(), slope.data(), shift.data(),
                   dx.data());
    write_list(name + " gradient", dx);
    gradient_sums(dy.data(), i & 2 ? y.data() : nullptr, x.data(), extent,
                  mean.data(), i & 1 ? kept.data() : nullptr, sum.data(),
                  products.data());
    write_list(name + " kept", kept);
    if (special)
      continue; // sums of such are not a number
    write_list(name + " sum", sum);
    write_list(name + " products", products);
  }
  if (special)
    return;
  std::vector<float> running(extent.channels), spread(extent.channels, 1);
  measure(x.data(), extent, 0.1, 1e-5, extent.channels, running.data(),
          spread.data(), mean.data(), slope.data());
  write_list(name + " running mean", running);
  write_list(name + " running variance", spread);
  write_list(name + " mean", mean);
  write_list(name + " deviation", slope);
}

void write_updates(int64_t count, bool special) {
  Random random(count);
  std::string name = special ? "special" : "usual";
  auto draw = [&] {
    return special ? specials(random, count) : random.uniforms(count, 1);
  };
  for (int i = 0; i < 4; ++i) {
    auto weight = draw(), velocity = draw(), gradient = draw();
    kernels().step.sgd({weight.data(), i & 1 ? velocity.data() : nullptr,
                        gradient.data(), count, 0.01f, 0.9f, 5e-4f,
                        (i & 2) != 0});
    write_list(name + " sgd", weight);
    write_list(name + " velocity", velocity);
  }
  auto weight = draw(), mean = draw(), variance = draw(), gradient = draw();
  for (auto &v : variance)
    v = std::fabs(v);
  kernels().step.adam({weight.data(), mean.data(), variance.data(),
                       gradient.data(), count, 0.9f, 0.999f, 1e-8f, 5e-4f,
                       0.999f, 0.01f, 0.3f});
  write_list(name + " adam", weight);
  write_list(name + " adam's mean", mean);
  write_list(name + " adam's variance", variance);
  auto to = draw(), from = draw();
  kernels().step.add_scaled(0.7f, from.data(), count, to.data());
  write_list(name + " added", to);
}

} // namespace

void write_loops() {
  for (Extent extent : {Extent{1, 8}, Extent{77, 8}, Extent{300, 16},
                        Extent{35, 24}, Extent{130, 40}, Extent{9, 3}}) {
    auto name =
        std::to_string(extent.rows) + "x" + std::to_string(extent.channels);
    write_norms(name, extent, false);
    write_norms(name + " special", extent, true);
  }
  for (int64_t count : {3, 8, 37}) {
    write_updates(count, false);
    write_updates(count, true);
  }
  Random random(2);
  auto x = random.uniforms(9 * 24, 1), w = random.uniforms(9 * 24, 1);
  std::vector<float> y(24), dx(9 * 24);
  y[0] = kernels().step.dot(x.data(), w.data(), 9 * 24);
  write_list("dot", y);
  kernels().step.pool(x.data(), 9, 24, y.data());
  write_list("pool", y);
  kernels().step.spread(y.data(), 9, 24, dx.data());
  write_list("spread", dx);
}
