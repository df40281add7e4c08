#include "fused.h"
#include "shim_conv.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace backfire {
namespace fused {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Up to so many rows one block has all rows of its channels, so that one launch
// does a layer's pass.
constexpr int64_t kSingle = 2048;
// Parts that a matrix is divided into, at most: one block adds all of them up.
constexpr int64_t kParts = 512;
// Rows that a thread takes, at least.
constexpr int64_t kRowsPerThread = 4;

int64_t over(int64_t a, int64_t b) { return (a + b - 1) / b; }

Walk walk_of(int64_t rows, int64_t channels, int64_t vector) {
  bool single = rows <= kSingle;
  int64_t most = single ? 2 : 4; // groups of a block, neighbours in memory
  if (vector == 1)
    most *= 4;
  int64_t groups = channels / vector, tile = std::min(groups, most);
  int64_t height = kThreads / tile;
  int64_t part =
      single ? rows
             : over(std::max(kRowsPerThread * height, over(rows, kParts)),
                    height) *
                   height;
  return {rows,
          part,
          static_cast<int>(channels),
          static_cast<int>(groups),
          static_cast<int>(tile),
          static_cast<int>(height),
          static_cast<int>(over(rows, part))};
}

// A form of the kernels of a normalisation, and how it walks.
struct Plan {
  int form;
  Walk walk;
  unsigned tiles() const {
    return static_cast<unsigned>(over(walk.groups, walk.tile));
  }
};

bool is_aligned(const at::Tensor &t) {
  return !t.defined() ||
         reinterpret_cast<uintptr_t>(t.const_data_ptr()) % 16 == 0;
}

// The plan for tensors of one shape and kind in N,H,W,C, the first one defined.
Plan plan_of(std::initializer_list<at::Tensor> tensors) {
  const auto &x = *tensors.begin();
  bool aligned = true;
  for (const auto &t : tensors) {
    TORCH_CHECK(!t.defined() ||
                    (t.sizes() == x.sizes() && t.device() == x.device() &&
                     t.scalar_type() == x.scalar_type() &&
                     t.is_contiguous(at::MemoryFormat::ChannelsLast)),
                "tensors of a normalisation do not match");
    aligned = aligned && is_aligned(t);
  }
  bool half = x.scalar_type() == at::kBFloat16;
  int64_t channels = x.size(1), rows = x.numel() / channels;
  int64_t vector = half ? 8 : 4;
  if (!aligned || channels % vector != 0)
    vector = 1;
  Plan plan{(half ? 2 : 0) + (vector > 1 ? 1 : 0),
            walk_of(rows, channels, vector)};
  return plan;
}

void launch(Session &session, const Plan &plan, NormKernel kernel,
            const void *arguments) {
  TORCH_CHECK(plan.tiles() <= session.counters.numel(), "too many channels");
  session.launcher->launch(plan.form * kNormKernels + kernel, plan.tiles(),
                           static_cast<unsigned>(plan.walk.parts), arguments);
}

at::Tensor floats(std::initializer_list<int64_t> shape,
                  const at::Tensor &like) {
  return at::empty(at::IntArrayRef(shape.begin(), shape.size()),
                   like.options());
}

float *partial_of(const Walk &walk, const at::Tensor &like, at::Tensor &owner) {
  if (walk.parts == 1)
    return nullptr;
  owner = floats({walk.parts, 2, walk.channels}, like);
  return owner.mutable_data_ptr<float>();
}

const void *data_of(const at::Tensor &t) {
  return t.defined() ? t.const_data_ptr() : nullptr;
}

unsigned *counters_of(Session &session) {
  return reinterpret_cast<unsigned *>(
      session.counters.mutable_data_ptr<int32_t>());
}

// forward as a node of the gradient graph (Ioffe and Szegedy 2015, section 3).
struct Node : torch::autograd::Function<Node> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &x,
                            const at::Tensor &weight, const at::Tensor &bias,
                            const std::optional<at::Tensor> &residual,
                            const Norm &norm, Session *session) {
    (void)bias; // that of norm
    auto y = at::empty_like(x);
    auto statistics = fused::forward(*session, x, residual, norm, y);
    ctx->save_for_backward(
        variable_list{x, weight, norm.relu ? y : at::Tensor(), statistics});
    ctx->saved_data["training"] = norm.training;
    ctx->saved_data["residual"] = residual.has_value();
    ctx->saved_data["session"] = reinterpret_cast<int64_t>(session);
    return y;
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    auto *session =
        reinterpret_cast<Session *>(ctx->saved_data["session"].toInt());
    bool residual =
        ctx->saved_data["residual"].toBool() && ctx->needs_input_grad(3);
    auto g = fused::backward(*session, channels_last(grads[0]), saved[2],
                             saved[0], saved[1], saved[3],
                             ctx->saved_data["training"].toBool(),
                             {ctx->needs_input_grad(0), residual});
    return {g.x, g.weight, g.bias, g.residual, at::Tensor(), at::Tensor()};
  }
};

} // namespace

bool takes(const at::Tensor &z) {
  auto kind = z.scalar_type();
  return z.dim() == 4 && z.numel() > 0 &&
         (kind == at::kFloat || kind == at::kBFloat16) &&
         z.is_contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor forward(Session &session, const at::Tensor &x,
                   const std::optional<at::Tensor> &residual, const Norm &norm,
                   const at::Tensor &y) {
  auto added = residual.value_or(at::Tensor());
  auto plan = plan_of({x, added, y});
  auto statistics = floats({4, plan.walk.channels}, norm.weight);
  NormForward a{};
  a.walk = plan.walk;
  a.x = data_of(x);
  a.residual = data_of(added);
  a.y = y.mutable_data_ptr();
  a.weight = norm.weight.const_data_ptr<float>();
  a.bias = norm.bias.const_data_ptr<float>();
  a.mean = norm.mean.mutable_data_ptr<float>();
  a.variance = norm.variance.mutable_data_ptr<float>();
  a.statistics = statistics.mutable_data_ptr<float>();
  a.counters = counters_of(session);
  a.momentum = norm.momentum;
  a.epsilon = norm.epsilon;
  a.relu = norm.relu;
  at::Tensor partial;
  if (norm.training) {
    a.partial = partial_of(plan.walk, norm.weight, partial);
    launch(session, plan, kMoments, &a);
    if (plan.walk.parts == 1)
      return statistics;
  } else {
    auto blocks = over(plan.walk.channels, kThreads);
    session.launcher->launch(kRecall, static_cast<unsigned>(blocks), 1, &a);
  }
  launch(session, plan, kNormalise, &a);
  return statistics;
}

Gradients backward(Session &session, const at::Tensor &dy, const at::Tensor &y,
                   const at::Tensor &x, const at::Tensor &weight,
                   const at::Tensor &statistics, bool training, Wanted wanted) {
  Gradients g;
  if (wanted.x)
    g.x = at::empty_like(x);
  at::Tensor kept;
  if (wanted.residual && y.defined())
    kept = at::empty_like(x);
  g.residual = kept.defined() ? kept : wanted.residual ? dy : at::Tensor();
  g.weight = at::empty_like(weight);
  g.bias = at::empty_like(weight);
  auto plan = plan_of({x, dy, y, kept, g.x});
  auto factors = floats({3, plan.walk.channels}, weight);
  at::Tensor partial;
  NormBackward a{};
  a.walk = plan.walk;
  a.dy = data_of(dy);
  a.y = data_of(y);
  a.x = data_of(x);
  a.kept = kept.defined() ? kept.mutable_data_ptr() : nullptr;
  a.dx = g.x.defined() ? g.x.mutable_data_ptr() : nullptr;
  a.weight = weight.const_data_ptr<float>();
  a.statistics = statistics.const_data_ptr<float>();
  a.dweight = g.weight.mutable_data_ptr<float>();
  a.dbias = g.bias.mutable_data_ptr<float>();
  a.factors = factors.mutable_data_ptr<float>();
  a.partial = partial_of(plan.walk, weight, partial);
  a.counters = counters_of(session);
  a.training = training;
  launch(session, plan, kSums, &a);
  if (plan.walk.parts > 1 && wanted.x)
    launch(session, plan, kGradient, &a);
  return g;
}

at::Tensor normalised(Session &session, const at::Tensor &x,
                      const std::optional<at::Tensor> &residual,
                      const Norm &norm) {
  return Node::apply(x, norm.weight, norm.bias, residual, norm, &session);
}

} // namespace fused
} // namespace backfire
