// A training step of the network: the batch, adversarial examples, the update.
#ifndef BACKFIRE_NET_STEP_H
#define BACKFIRE_NET_STEP_H

#include "net.h"

#include <cstdint>
#include <vector>

namespace backfire {

// How bytes become the network's numbers: x * scale + shift per channel, as a
// table per channel.
struct PixelScale {
  std::vector<float> scale, shift;
  std::vector<float> table; // [channels][256]

  PixelScale(const float *scale, const float *shift, int64_t channels);
};

// Rows of a batch that a transform changes.
struct SelectedRows {
  int64_t count = 0;
  const int64_t *rows = nullptr;
  bool add = false; // the changed rows to the batch; they do not replace these
};

// A batch of the training set, and what a defense does to it: see
// BatchTransform in batchtransform.go.
struct BatchPlan {
  const uint8_t *images; // the training set, [n, channels, height, width]
  const int64_t *labels;
  const int64_t *rows; // that are gathered
  int64_t count;

  SelectedRows stamped{};
  const uint8_t *masks = nullptr, *patterns = nullptr;

  const int64_t *partner = nullptr; // null without mixing
  const uint8_t *box = nullptr; // pixels from the partner; null: all, blended
  float own = 1, other = 0;

  SelectedRows attacked{};
  double epsilon = 0, attack_step = 0; // in 8-bit units
  int64_t attack_steps = 0;
  const float *start = nullptr; // null: the rows themselves
};

// A batch as the network sees it. Memory is kept for the next one.
class Batch {
public:
  Batch(Net &net, const PixelScale &pixels);
  // Gathers and transforms. Attacks use the network's memory.
  void make(const BatchPlan &plan);
  // Converts bytes [images, channels, height, width].
  void convert(const uint8_t *images, int64_t images_count);

  const float *images() const { return x.data(); }
  int64_t size() const { return count; }
  Labels labels() const;

private:
  void gather(const BatchPlan &plan);
  void mix(const BatchPlan &plan);
  void attack(const BatchPlan &plan);
  void climb(const BatchPlan &plan, const Labels &labels);

  Net &net;
  const PixelScale &pixels;
  int64_t count = 0, image_bytes, plane;
  std::vector<uint8_t> bytes, mixed_bytes;
  std::vector<float> x, spare;
  std::vector<int64_t> own, partner;
  float own_weight = 1, partner_weight = 0;
  bool mixed = false;
  // Of the attacked rows: pixels, their bounds, labels and partners.
  std::vector<float> victims, low, high;
  std::vector<int64_t> victim_labels, victim_partners;
};

// An optimiser's settings, as TrainSpec in spec.go.
struct Optimizer {
  enum class Kind { kSgd, kAdam, kAdamW } kind;
  double momentum = 0, decay = 0;
  bool nesterov = false;
  // Per trained tensor: velocity, or mean, variance and number of steps; empty
  // for SGD without momentum.
  std::vector<float *> first{}, second{}, steps{};
};

// Moves what is trained against its gradients.
void update(const std::vector<Trained> &trained, const Optimizer &optimizer,
            float rate);

} // namespace backfire
#endif
