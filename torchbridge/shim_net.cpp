#include "kernel_set.h"
#include "net_step.h"
#include "shim_internal.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#pragma GCC optimize("fp-contract=off")

using namespace backfire;

namespace {

// The network with the tensors that it trains, and its settings.
struct Model {
  std::vector<at::Tensor> tensors; // are kept as long as the network
  std::unique_ptr<Net> net;
  std::unique_ptr<PixelScale> pixels;
  std::unique_ptr<Batch> batch;
  Optimizer optimizer{Optimizer::Kind::kSgd};

  // Returns the memory of float tensors.
  std::vector<float *> keep(void **handles, int count) {
    std::vector<float *> list;
    for (int i = 0; i < count; ++i) {
      auto &t = tensor_of(handles[i]);
      TORCH_CHECK(t.is_cpu() && t.scalar_type() == at::kFloat &&
                      t.is_non_overlapping_and_dense(),
                  "tensor ", i, " of the network is not dense float memory");
      tensors.push_back(t);
      list.push_back(static_cast<float *>(t.data_ptr()));
    }
    return list;
  }
};

Model &model_of(void *handle) { return *static_cast<Model *>(handle); }

template <class T> T *data_of(void *handle) {
  return handle ? static_cast<T *>(tensor_of(handle).data_ptr()) : nullptr;
}

SelectedRows selected(void *rows, int add) {
  if (!rows)
    return {};
  return {tensor_of(rows).numel(), data_of<int64_t>(rows), add != 0};
}

BatchPlan plan_of(const bf_batch &b) {
  BatchPlan plan{data_of<uint8_t>(b.images), data_of<int64_t>(b.labels),
                 data_of<int64_t>(b.order) + b.first, b.count};
  plan.stamped = selected(b.stamped, b.add_stamped);
  plan.masks = data_of<uint8_t>(b.masks);
  plan.patterns = data_of<uint8_t>(b.patterns);
  plan.partner = data_of<int64_t>(b.partner);
  plan.box = data_of<uint8_t>(b.box);
  if (plan.partner) {
    plan.own = *data_of<float>(b.own);
    plan.other = *data_of<float>(b.other);
  }
  plan.attacked = selected(b.attacked, b.add_attacked);
  plan.epsilon = b.epsilon;
  plan.attack_step = b.attack_step;
  plan.attack_steps = b.attack_steps;
  plan.start = data_of<float>(b.start);
  return plan;
}

// Images that are predicted at a time, where there is room for fewer only.
constexpr int64_t kPredicted = 32;

// Gathers rows and computes the loss of the network as it predicts.
double loss_of(Model &m, const bf_batch &b, const int64_t *rows, int64_t count,
               double factor) {
  m.batch->make(
      {data_of<uint8_t>(b.images), data_of<int64_t>(b.labels), rows, count});
  m.net->forward(m.batch->images(), count, Mode::kPrediction);
  m.net->classify();
  return m.net->loss(m.batch->labels(), factor);
}

void infer(Model &m, const uint8_t *images, int64_t count, int what,
           void *out) {
  auto &net = *m.net;
  int64_t classes = net.net_shape().classes, features = net.features();
  m.batch->convert(images, count);
  net.forward(m.batch->images(), count, Mode::kPrediction);
  if (what == BF_FEATURES) {
    std::copy_n(net.feature_values(), count * features,
                static_cast<float *>(out));
    return;
  }
  net.classify();
  for (int64_t i = 0; i < count; ++i) {
    const float *row = net.logit_values() + i * classes;
    if (what == BF_PROBABILITIES)
      softmax(row, classes, static_cast<float *>(out) + i * classes);
    else
      static_cast<int64_t *>(out)[i] =
          std::max_element(row, row + classes) - row;
  }
}

} // namespace

char *bf_use_kernels(const char *name) {
  return guarded([&] {
    TORCH_CHECK(use_kernels(name), "no kernels of that name here: ", name);
  });
}

char *bf_net_new(const int64_t *shape, void **params, int param_count,
                 void **buffers, int buffer_count, void *scale, void *shift,
                 int64_t batch, void **out) {
  return guarded([&] {
    auto m = std::make_unique<Model>();
    auto trained = m->keep(params, param_count);
    auto kept = m->keep(buffers, buffer_count);
    NetShape s{shape[0], shape[1], shape[2], shape[3], shape[4]};
    TORCH_CHECK(param_count == 62 && buffer_count == 40,
                "a ResNet-18 has 62 trained tensors and 40 statistics");
    m->net = std::make_unique<Net>(s, trained, kept);
    m->net->reserve(batch);
    m->pixels = std::make_unique<PixelScale>(data_of<float>(scale),
                                             data_of<float>(shift), s.channels);
    m->batch = std::make_unique<Batch>(*m->net, *m->pixels);
    *out = m.release();
  });
}

void bf_net_free(void *net) { delete static_cast<Model *>(net); }

char *bf_net_optimizer(void *net, int kind, double momentum, double decay,
                       int nesterov, void **first, void **second, void **steps,
                       int count) {
  return guarded([&] {
    auto &m = model_of(net);
    auto &o = m.optimizer;
    o.kind = static_cast<Optimizer::Kind>(kind);
    o.momentum = momentum;
    o.decay = decay;
    o.nesterov = nesterov != 0;
    o.first = m.keep(first, first ? count : 0);
    o.second = m.keep(second, second ? count : 0);
    o.steps = m.keep(steps, steps ? count : 0);
  });
}

char *bf_net_step(void *net, const bf_batch *batch, float rate, void *loss_sum,
                  void *hits) {
  return guarded([&] {
    auto &m = model_of(net);
    auto plan = plan_of(*batch);
    m.net->reserve(plan.count + plan.stamped.count + plan.attacked.count);
    m.net->load_weights();
    m.batch->make(plan);
    const float *x = m.batch->images();
    auto labels = m.batch->labels();
    m.net->forward(x, m.batch->size(), Mode::kTraining);
    m.net->classify();
    auto loss = static_cast<float>(m.net->loss(labels, 1));
    m.net->backward(x);
    update(m.net->trained(), m.optimizer, rate);
    *data_of<float>(loss_sum) += loss * static_cast<float>(m.batch->size());
    *data_of<int64_t>(hits) += m.net->hits(labels.own);
  });
}

char *bf_net_infer(void *net, const uint8_t *images, int64_t count, int what,
                   void *out) {
  return guarded([&] {
    auto &m = model_of(net);
    m.net->reserve(std::min(count, kPredicted));
    m.net->load_weights();
    const auto &shape = m.net->net_shape();
    int64_t bytes = shape.channels * shape.height * shape.width_px;
    int64_t step = what == BF_FEATURES        ? m.net->features() * 4
                   : what == BF_PROBABILITIES ? shape.classes * 4
                                              : 8;
    for (int64_t i = 0; i < count; i += m.net->capacity())
      infer(m, images + i * bytes, std::min(m.net->capacity(), count - i), what,
            static_cast<char *>(out) + i * step);
  });
}

char *bf_net_unlearn(void *net, const bf_batch *set, const int64_t *forget,
                     int64_t forget_count, const int64_t *keep,
                     int64_t keep_count, double guess, float rate,
                     double *loss) {
  return guarded([&] {
    auto &m = model_of(net);
    m.net->reserve(std::max(forget_count, keep_count));
    m.net->load_weights();
    double missing = guess - loss_of(m, *set, forget, forget_count, -1);
    auto away = m.net->trained();
    std::vector<std::vector<float>> gradients;
    if (missing > 0) {
      m.net->backward(m.batch->images());
      for (auto &t : away) {
        int64_t floats = t.rows > 1 ? t.rows * t.stride : t.length;
        gradients.emplace_back(t.gradient, t.gradient + floats);
        t.gradient = gradients.back().data();
      }
    }
    double kept = loss_of(m, *set, keep, keep_count, 1);
    *loss = kept + (missing > 0 || missing != missing ? missing : 0);
    if (!std::isfinite(*loss))
      return;
    m.net->backward(m.batch->images());
    const Optimizer plain{Optimizer::Kind::kSgd};
    update(m.net->trained(), plain, rate);
    if (missing > 0)
      update(away, plain, rate);
  });
}

char *bf_net_gradient(void *net, int index, float *out) {
  return guarded([&] {
    auto t = model_of(net).net->trained().at(index);
    for (int64_t r = 0; r < t.rows; ++r)
      std::copy_n(t.gradient + r * t.stride, t.length, out + r * t.length);
  });
}
