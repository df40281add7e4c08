#include "fused.h"

#include <ATen/ops/empty_like.h>

#include <algorithm>

namespace backfire {
namespace fused {
namespace {

// Whether two tensors have their numbers in the same order in memory, without
// gaps. The stride of a dimension of one says nothing.
bool in_same_order(const at::Tensor &a, const at::Tensor &b) {
  if (a.sizes() != b.sizes() || !b.is_non_overlapping_and_dense())
    return false;
  for (int64_t d = 0; d < a.dim(); ++d)
    if (a.size(d) > 1 && a.stride(d) != b.stride(d))
      return false;
  return true;
}

template <class T> T *at_of(const std::vector<at::Tensor> &list, size_t i) {
  return list.empty() || !list[i].defined()
             ? nullptr
             : static_cast<T *>(list[i].mutable_data_ptr());
}

bool is_wide(std::initializer_list<const void *> pointers) {
  return std::all_of(pointers.begin(), pointers.end(), [](const void *p) {
    return reinterpret_cast<uintptr_t>(p) % 16 == 0;
  });
}

// Updates those tensors whose gradients are of one kind.
void update_kind(Session &session, const Trained &trained,
                 const std::vector<at::Tensor> &gradients, const Rates &rates,
                 at::ScalarType kind) {
  Update a{};
  a.rate = rates.rate.const_data_ptr<float>();
  a.momentum = static_cast<float>(rates.momentum);
  a.decay = static_cast<float>(rates.decay);
  a.nesterov = rates.nesterov;
  int blocks = 0;
  auto launch = [&] {
    if (a.count > 0)
      session.launcher->launch(kind == at::kFloat ? kUpdateFloat : kUpdateHalf,
                               static_cast<unsigned>(blocks), 1, &a);
    a.count = blocks = 0;
  };
  for (size_t i = 0; i < trained.weights.size(); ++i) {
    if (gradients[i].scalar_type() != kind)
      continue;
    const auto &weight = trained.weights[i];
    auto &t = a.list[a.count++];
    t.weight = weight.mutable_data_ptr<float>();
    t.velocity = at_of<float>(trained.velocities, i);
    t.gradient = gradients[i].const_data_ptr();
    t.copy = at_of<unsigned short>(trained.copies, i);
    t.count = weight.numel();
    t.first = blocks;
    t.wide = is_wide({t.weight, t.velocity, t.gradient, t.copy});
    blocks += static_cast<int>((t.count + kPiece - 1) / kPiece);
    if (a.count == kUpdated)
      launch();
  }
  launch();
}

} // namespace

void update(Session &session, const Trained &trained, const Rates &rates) {
  auto gradients = trained.gradients;
  for (size_t i = 0; i < gradients.size(); ++i) {
    auto &g = gradients[i];
    const auto &weight = trained.weights[i];
    TORCH_CHECK(g.scalar_type() == at::kFloat ||
                    g.scalar_type() == at::kBFloat16,
                "a gradient is neither float nor bfloat16");
    TORCH_CHECK(trained.copies.empty() || !trained.copies[i].defined() ||
                    in_same_order(weight, trained.copies[i]),
                "a copy lies in another order");
    if (!in_same_order(weight, g))
      g = at::empty_like(weight, weight.options().dtype(g.scalar_type()))
              .copy_(g);
  }
  for (auto kind : {at::kFloat, at::kBFloat16})
    update_kind(session, trained, gradients, rates, kind);
}

} // namespace fused
} // namespace backfire
