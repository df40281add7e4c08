#include "fused.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <string>

namespace backfire {
namespace fused {
namespace {

// The largest error of float results as a share of the largest value: sums are
// made in float over a thread's rows. bfloat16 rounds each value once more, by
// up to 2^-9 of it.
constexpr double kTolerance = 2e-5, kHalfRounding = 1.0 / 256;

constexpr double kMomentum = 0.1, kEpsilon = 1e-5;

// Numbers drawn at random, the same on every device.
struct Draw {
  at::TensorOptions options;
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(1);

  at::Tensor operator()(at::IntArrayRef shape, double scale = 1,
                        double shift = 0) {
    auto x = at::randn(shape, generator, at::TensorOptions(at::kFloat))
                 .mul_(scale)
                 .add_(shift)
                 .to(options);
    return x.dim() == 4 ? x.contiguous(at::MemoryFormat::ChannelsLast) : x;
  }
  at::Tensor positive(int64_t n) { return operator()({n}).abs_().add_(0.5); }
};

// Throws unless got is near what libtorch computed in double.
void require_near(const at::Tensor &got, const at::Tensor &want,
                  const std::string &what) {
  auto exact = want.to(at::kDouble), found = got.to(at::kDouble);
  double most = kTolerance * exact.abs().max().item<double>();
  auto allowed = at::full_like(exact, most);
  if (got.scalar_type() == at::kBFloat16)
    allowed.add_(exact.abs(), kHalfRounding);
  auto excess = (found - exact).abs().div(allowed);
  double worst = excess.max().item<double>();
  TORCH_CHECK(worst <= 1, what, " differs from libtorch's by ", worst,
              " times the tolerance");
}

void require_same(const at::Tensor &a, const at::Tensor &b,
                  const std::string &what) {
  if (a.defined())
    TORCH_CHECK(a.cpu().equal(b.cpu()), what, " has other bits ",
                a.device() == b.device() ? "the second time" : "on the CPU");
}

at::Tensor on_cpu(const at::Tensor &t) { return t.defined() ? t.cpu() : t; }

struct Case {
  int64_t shape[4];
  at::ScalarType kind;
  bool residual, relu, training;

  std::string name() const {
    return c10::str(at::IntArrayRef(shape), " ", kind,
                    residual ? ", residual" : "", relu ? ", ReLU" : "",
                    training ? ", training" : "");
  }
};

// A layer with its input, and what it is compared with.
struct Layer {
  Session *session, *serial;
  Case c;
  Norm norm;
  at::Tensor x, dy;
  std::optional<at::Tensor> residual;

  Layer(Session *session, Session *serial, const Case &c, Draw &draw)
      : session(session), serial(serial), c(c) {
    int64_t channels = c.shape[1];
    norm = {draw({channels}, 0.3, 1),
            draw({channels}),
            draw({channels}),
            draw.positive(channels),
            kMomentum,
            kEpsilon,
            c.relu,
            c.training};
    x = draw(c.shape, 2, 1).to(c.kind);
    dy = draw(c.shape).to(c.kind);
    if (c.residual)
      residual = draw(c.shape).to(c.kind);
  }

  Norm copy() const {
    auto other = norm;
    other.mean = norm.mean.clone();
    other.variance = norm.variance.clone();
    return other;
  }

  void check() const {
    auto ours = copy(), again = copy();
    auto y = at::empty_like(x), other = at::empty_like(x);
    auto statistics = forward(*session, x, residual, ours, y);
    auto repeated = forward(*session, x, residual, again, other);
    require_same(y, other, c.name() + ": the output");
    require_same(statistics, repeated, c.name() + ": the statistics");
    auto weight = norm.weight.to(at::kDouble), bias = norm.bias.to(at::kDouble);
    auto mean = norm.mean.to(at::kDouble);
    auto variance = norm.variance.to(at::kDouble);
    auto exact = x.to(at::kDouble);
    auto [z, saved, inverse] = at::native_batch_norm(
        exact, weight, bias, mean, variance, c.training, kMomentum, kEpsilon);
    if (residual)
      z = z + residual->to(at::kDouble);
    require_near(y, c.relu ? z.clamp_min(0) : z, c.name() + ": the output");
    require_near(ours.mean, mean, c.name() + ": the running mean");
    require_near(ours.variance, variance, c.name() + ": the running variance");
    // In the same mask: a value next to 0 may fall on the other side.
    auto masked = c.relu ? y : at::Tensor();
    auto g = c.relu ? dy * (y > 0) : dy;
    auto [dx, dweight, dbias] = at::native_batch_norm_backward(
        g.to(at::kDouble), exact, weight, mean, variance, saved, inverse,
        c.training, kEpsilon, {true, true, true});
    auto got = gradients(masked, statistics),
         twice = gradients(masked, statistics);
    require_near(got.x, dx, c.name() + ": the gradient of x");
    require_near(got.weight, dweight, c.name() + ": the gradient of weight");
    require_near(got.bias, dbias, c.name() + ": the gradient of bias");
    if (residual)
      TORCH_CHECK(got.residual.equal(g), c.name(),
                  ": the gradient of the residual differs from libtorch's");
    require_equal(got, twice);
    if (!serial)
      return;
    auto moved = there();
    auto same = at::empty_like(moved.x);
    auto found = forward(*serial, moved.x, moved.residual, moved.norm, same);
    require_same(y, same, c.name() + ": the output");
    require_same(statistics, found, c.name() + ": the statistics");
    require_same(ours.mean, moved.norm.mean, c.name() + ": the mean");
    require_same(ours.variance, moved.norm.variance, c.name() + ": variance");
    require_equal(got, moved.gradients(c.relu ? same : at::Tensor(), found));
  }

  void require_equal(const Gradients &a, const Gradients &b) const {
    require_same(a.x, b.x, c.name() + ": the gradient of x");
    require_same(a.weight, b.weight, c.name() + ": the gradient of weight");
    require_same(a.bias, b.bias, c.name() + ": the gradient of bias");
    require_same(a.residual, b.residual, c.name() + ": that of the residual");
  }

  // The layer on the CPU, as it was.
  Layer there() const {
    auto other = *this;
    other.session = serial;
    other.norm = copy();
    for (auto *t : {&other.norm.weight, &other.norm.bias, &other.norm.mean,
                    &other.norm.variance, &other.x, &other.dy})
      *t = on_cpu(*t);
    if (residual)
      other.residual = residual->cpu();
    return other;
  }

  Gradients gradients(const at::Tensor &y, const at::Tensor &statistics) const {
    return backward(*session, dy, y, x, norm.weight, statistics, c.training,
                    {true, c.residual});
  }
};

// The normalisation of matrices with few and many rows, of channels that fill
// accesses of 16 bytes and that do not.
void check_norms(Session *session, Session *serial, Draw &draw) {
  const int64_t shapes[][4] = {
      {5, 8, 7, 9},   {3, 17, 5, 13},  {33, 24, 9, 11}, {21, 64, 12, 13},
      {2, 512, 3, 3}, {37, 256, 8, 7}, {7, 9, 23, 29}};
  for (const auto &shape : shapes)
    for (auto kind : {at::kFloat, at::kBFloat16})
      for (int flags : {7, 5, 2, 4}) {
        Case c{{shape[0], shape[1], shape[2], shape[3]},
               kind,
               (flags & 1) != 0,
               (flags & 2) != 0,
               (flags & 4) != 0};
        Layer(session, serial, c, draw).check();
      }
}

std::vector<at::Tensor> on_cpu(const std::vector<at::Tensor> &list) {
  std::vector<at::Tensor> moved;
  for (const auto &t : list)
    moved.push_back(t.clone().cpu());
  return moved;
}

// The update against libtorch's, over two steps.
void check_update(Session &session, Session *serial, Draw &draw, bool momentum,
                  bool nesterov, at::ScalarType kind) {
  Trained ours;
  std::vector<at::Tensor> weights, gradients, velocities;
  std::vector<std::vector<int64_t>> shapes(90, {5});
  shapes.insert(shapes.end(), {{1}, {10}, {4097}, {64, 3, 3, 3}, {20000}});
  for (const auto &shape : shapes) {
    auto w = draw(shape), g = draw(shape);
    weights.push_back(w.clone());
    velocities.push_back(at::zeros_like(w));
    ours.weights.push_back(w);
    ours.gradients.push_back(g.to(kind));
    gradients.push_back(ours.gradients.back().to(at::kFloat));
    if (momentum)
      ours.velocities.push_back(at::zeros_like(w));
    if (kind == at::kBFloat16)
      ours.copies.push_back(w.to(kind));
  }
  if (!momentum)
    velocities.clear();
  double amount = momentum ? 0.9 : 0;
  auto rate = at::full({1}, 0.05, ours.weights[0].options());
  Trained moved{on_cpu(ours.weights), on_cpu(ours.gradients),
                on_cpu(ours.velocities), on_cpu(ours.copies)};
  for (int step = 0; step < 2; ++step) {
    if (serial)
      update(*serial, moved, {rate.cpu(), amount, 5e-4, nesterov});
    update(session, ours, {rate, amount, 5e-4, nesterov});
    at::_fused_sgd_(weights, gradients, velocities, 5e-4, amount, rate, 0,
                    nesterov, false, false);
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    auto name = c10::str("tensor ", i, " of an update in ", kind);
    require_near(ours.weights[i], weights[i], name);
    if (serial)
      require_same(ours.weights[i], moved.weights[i], name);
    if (momentum)
      require_near(ours.velocities[i], velocities[i], name + ", velocity");
    if (!ours.copies.empty())
      TORCH_CHECK(ours.copies[i].equal(ours.weights[i].to(at::kBFloat16)), name,
                  ": the copy differs from libtorch's");
  }
}

} // namespace

void check(Session &session, const at::TensorOptions &options,
           Session *serial) {
  at::NoGradGuard no_grad;
  Draw draw{options};
  for (auto kind : {at::kFloat, at::kBFloat16}) {
    check_update(session, serial, draw, false, false, kind);
    check_update(session, serial, draw, true, false, kind);
    check_update(session, serial, draw, true, true, kind);
  }
  check_norms(&session, serial, draw);
  TORCH_CHECK(!session.counters.any().item<bool>(),
              "counters of blocks are not 0 after the kernels");
}

} // namespace fused
} // namespace backfire
