#include "lists.h"

#include "../../net_step.h"

#include <algorithm>
#include <ctime>
#include <memory>

using namespace backfire;

namespace {

struct Case {
  std::string name;
  NetShape shape;
  int64_t batch, steps;
  Optimizer::Kind kind = Optimizer::Kind::kSgd;
  bool nesterov = false;
  bool defended = false; // stamped, mixed and attacked, in turns
  bool together = true;  // normalisation and ReLU by the next layer
};

// A network, its optimiser's state and a training set.
class Training {
public:
  explicit Training(const Case &c)
      : spec(c), random(c.shape.width * 100 + c.shape.height),
        pixels(std::vector<float>{0.013f, 0.015f, 0.011f}.data(),
               std::vector<float>{-1.5f, -1.7f, -1.4f}.data(),
               c.shape.channels) {
    draw_tensors();
    make_network();
    optimizer.kind = spec.kind;
    optimizer.momentum = 0.9;
    optimizer.decay = 5e-4;
    optimizer.nesterov = spec.nesterov;
    for (auto &p : params) {
      first.emplace_back(p.size());
      second.emplace_back(p.size());
      counts.emplace_back(1);
    }
    optimizer.first = pointers(first);
    if (spec.kind != Optimizer::Kind::kSgd) {
      optimizer.second = pointers(second);
      optimizer.steps = pointers(counts);
    }
    draw_images();
  }

  // Has a new network, as one that begins with a stored state.
  void make_network() {
    net = std::make_unique<Net>(spec.shape, pointers(params), pointers(buffers),
                                spec.together);
    net->reserve(spec.batch);
    batch = std::make_unique<Batch>(*net, pixels);
  }
  void step(int64_t number);
  // Moves away from two images' labels, as bf_net_unlearn does.
  void unlearn();
  void write_step() const;
  void write_state() const;
  void write_predictions();

private:
  static std::vector<float *> pointers(std::vector<std::vector<float>> &all) {
    std::vector<float *> list;
    for (auto &v : all)
      list.push_back(v.data());
    return list;
  }
  void draw_layer(int64_t out, int64_t taps, int64_t in) {
    // About 1 over the root of the number of terms, as a power of two.
    float scale = 2;
    for (int64_t terms = taps * in; terms > 1; terms /= 4)
      scale /= 2;
    params.push_back(random.uniforms(out * taps * in, scale));
    params.emplace_back(out, 1.0f);
    params.emplace_back(out, 0.0f);
    buffers.emplace_back(out, 0.0f);
    buffers.emplace_back(out, 1.0f);
  }
  void draw_tensors() {
    int64_t in = spec.shape.width;
    draw_layer(in, 9, spec.shape.channels);
    for (int64_t i = 0; i < 8; ++i) {
      int64_t out = spec.shape.width << i / 2;
      draw_layer(out, 9, in);
      draw_layer(out, 9, out);
      if (i > 0 && i % 2 == 0)
        draw_layer(out, 1, in);
      in = out;
    }
    params.push_back(random.uniforms(spec.shape.classes * in, 0.125f));
    params.emplace_back(spec.shape.classes, 0.0f);
  }
  void draw_images() {
    int64_t floats =
        spec.shape.channels * spec.shape.height * spec.shape.width_px;
    for (int64_t i = 0; i < spec.batch * spec.steps; ++i) {
      rows.push_back(i);
      labels.push_back(random.below(spec.shape.classes));
      for (int64_t k = 0; k < floats; ++k)
        images.push_back(
            static_cast<uint8_t>(random.below(100) + 15 * labels.back()));
    }
  }
  void defend(BatchPlan &plan, int64_t number);

  Case spec;
  Random random;
  std::vector<std::vector<float>> params, buffers, first, second, counts;
  PixelScale pixels;
  std::unique_ptr<Net> net;
  std::unique_ptr<Batch> batch;
  Optimizer optimizer{};
  double loss = 0;
  std::vector<uint8_t> images, masks, patterns, box;
  std::vector<int64_t> rows, labels, chosen{0, 2}, partner;
};

void Training::defend(BatchPlan &plan, int64_t number) {
  int64_t plane = spec.shape.height * spec.shape.width_px;
  masks.clear();
  patterns.clear();
  box.clear();
  partner.clear();
  for (int64_t i = 0; i < 2 * plane; ++i)
    masks.push_back(static_cast<uint8_t>(random.below(2)));
  for (int64_t i = 0; i < 2 * plane * spec.shape.channels; ++i)
    patterns.push_back(static_cast<uint8_t>(random.below(256)));
  for (int64_t i = 0; i < plane; ++i)
    box.push_back(static_cast<uint8_t>(random.below(2)));
  plan.stamped = {2, chosen.data(), number % 2 == 0};
  plan.masks = masks.data();
  plan.patterns = patterns.data();
  int64_t size = plan.count + (plan.stamped.add ? 2 : 0);
  for (int64_t i = 0; i < size; ++i)
    partner.push_back(random.below(size));
  plan.partner = partner.data();
  plan.box = number % 2 ? box.data() : nullptr;
  plan.own = 0.7f;
  plan.other = 0.3f;
  plan.attacked = {2, chosen.data(), number % 2 != 0};
  plan.epsilon = 8;
  plan.attack_step = 3;
  plan.attack_steps = 2;
}

void Training::step(int64_t number) {
  // The last batch is smaller.
  int64_t last = number + 1 == spec.steps;
  BatchPlan plan{images.data(), labels.data(),
                 rows.data() + number * spec.batch, spec.batch - last};
  if (spec.defended)
    defend(plan, number);
  net->reserve(plan.count + plan.stamped.count + plan.attacked.count);
  net->load_weights();
  batch->make(plan);
  net->forward(batch->images(), batch->size(), Mode::kTraining);
  net->classify();
  loss = net->loss(batch->labels(), 1);
  net->backward(batch->images());
  update(net->trained(), optimizer, 0.05f);
}

void Training::unlearn() {
  net->load_weights();
  batch->make({images.data(), labels.data(), rows.data(), 2});
  net->forward(batch->images(), 2, Mode::kPrediction);
  net->classify();
  loss = net->loss(batch->labels(), -1);
  net->backward(batch->images());
  const Optimizer plain{Optimizer::Kind::kSgd};
  update(net->trained(), plain, 1e-3f);
}

void Training::write_step() const {
  write_list(spec.name + " logits", net->logit_values(),
             batch->size() * spec.shape.classes);
  write_list(spec.name + " loss", std::vector<double>{loss});
}

void Training::write_state() const {
  auto write = [&](const char *name, const auto &all) {
    std::vector<float> list;
    for (auto &v : all)
      list.insert(list.end(), v.begin(), v.end());
    write_list(spec.name + " " + name, list);
  };
  write("weights", params);
  write("statistics", buffers);
  write("velocity or mean", first);
  write("variance", second);
}

void Training::write_predictions() {
  net->load_weights();
  batch->convert(images.data(), spec.batch);
  net->forward(batch->images(), spec.batch, Mode::kPrediction);
  net->classify();
  write_list(spec.name + " features", net->feature_values(),
             spec.batch * net->features());
  write_list(spec.name + " predictions", net->logit_values(),
             spec.batch * spec.shape.classes);
}

} // namespace

namespace {

void write_training(const Case &c) {
  Training training(c);
  for (int64_t i = 0; i < c.steps; ++i) {
    if (i == 1)
      training.make_network();
    training.step(i);
    training.write_step();
  }
  training.write_predictions();
  training.unlearn();
  training.write_step();
  training.write_state();
}

} // namespace

void write_trainings() {
  using Kind = Optimizer::Kind;
  const Case cases[] = {
      {"width 8, 3x8x8", {8, 3, 8, 8, 5}, 4, 4},
      {"width 8, 1x28x28", {8, 1, 28, 28, 10}, 4, 3},
      {"width 16, 3x9x10", {16, 3, 9, 10, 5}, 4, 2, Kind::kSgd, true},
      {"width 4, 3x9x9", {4, 3, 9, 9, 5}, 4, 2, Kind::kAdam},
      {"width 10, 1x8x8", {10, 1, 8, 8, 5}, 4, 2, Kind::kAdamW},
      {"width 8, defended", {8, 3, 9, 8, 5}, 4, 3, Kind::kSgd, false, true}};
  for (auto c : cases)
    for (bool together : {true, false}) {
      c.together = together;
      if (!together)
        c.name += ", apart";
      write_training(c);
    }
}

namespace {

// Adds the processor time of a call, in milliseconds.
template <class Body> void timed(double &sum, Body &&body) {
  auto begin = std::clock();
  body();
  sum += 1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

} // namespace

void time_steps(int64_t width, int64_t steps) {
  Case c{"timed", {width, 3, 32, 32, 10}, 32, 4};
  Training together(c);
  c.together = false;
  Training apart(c);
  double shorter = 0, longer = 0, warming = 0;
  for (int64_t i = 0; i <= steps; ++i) {
    timed(i ? longer : warming, [&] { apart.step(i % 3); });
    timed(i ? shorter : warming, [&] { together.step(i % 3); });
  }
  std::printf("%.3f ms/step, apart %.3f\n", shorter / steps, longer / steps);
}
