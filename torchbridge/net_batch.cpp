#pragma GCC optimize("fp-contract=off")

#include "net_step.h"

#include <algorithm>

namespace backfire {

PixelScale::PixelScale(const float *scale, const float *shift, int64_t channels)
    : scale(scale, scale + channels), shift(shift, shift + channels),
      table(channels * 256) {
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t v = 0; v < 256; ++v)
      table[c * 256 + v] = static_cast<float>(v) * scale[c] + shift[c];
}

Batch::Batch(Net &net, const PixelScale &pixels)
    : net(net), pixels(pixels),
      image_bytes(net.net_shape().channels * net.net_shape().height *
                  net.net_shape().width_px),
      plane(net.net_shape().height * net.net_shape().width_px) {}

Labels Batch::labels() const {
  if (!mixed)
    return {own.data(), nullptr};
  return {own.data(), partner.data(), own_weight, partner_weight};
}

void Batch::make(const BatchPlan &plan) {
  gather(plan);
  mix(plan);
  if (plan.attacked.count > 0)
    attack(plan);
}

// Puts the rows and their labels together, stamped ones included.
void Batch::gather(const BatchPlan &plan) {
  const auto &stamped = plan.stamped;
  count = plan.count + (stamped.add ? stamped.count : 0);
  bytes.resize(count * image_bytes);
  own.resize(count);
  for (int64_t i = 0; i < plan.count; ++i) {
    std::copy_n(plan.images + plan.rows[i] * image_bytes, image_bytes,
                bytes.data() + i * image_bytes);
    own[i] = plan.labels[plan.rows[i]];
  }
  for (int64_t i = 0; i < stamped.count; ++i) {
    int64_t row = stamped.rows[i], to = stamped.add ? plan.count + i : row;
    uint8_t *image = bytes.data() + to * image_bytes;
    if (stamped.add) {
      std::copy_n(bytes.data() + row * image_bytes, image_bytes, image);
      own[to] = own[row];
    }
    const uint8_t *mask = plan.masks + i * plane,
                  *pattern = plan.patterns + i * image_bytes;
    for (int64_t k = 0; k < image_bytes; ++k)
      image[k] = mask[k % plane] ? pattern[k] : image[k];
  }
}

// Mixes the rows with their partners, and converts them.
void Batch::mix(const BatchPlan &plan) {
  mixed = plan.partner != nullptr;
  if (!mixed) {
    convert(bytes.data(), count);
    return;
  }
  own_weight = plan.own;
  partner_weight = plan.other;
  partner.resize(count);
  for (int64_t i = 0; i < count; ++i)
    partner[i] = own[plan.partner[i]];
  if (plan.box) {
    mixed_bytes.resize(bytes.size());
    for (int64_t i = 0; i < count; ++i) {
      const uint8_t *mine = bytes.data() + i * image_bytes,
                    *others = bytes.data() + plan.partner[i] * image_bytes;
      for (int64_t k = 0; k < image_bytes; ++k)
        mixed_bytes[i * image_bytes + k] =
            plan.box[k % plane] ? others[k] : mine[k];
    }
    convert(mixed_bytes.data(), count);
    return;
  }
  convert(bytes.data(), count);
  x.swap(spare);
  x.resize(spare.size());
  for (int64_t i = 0; i < count; ++i) {
    const float *mine = spare.data() + i * image_bytes,
                *others = spare.data() + plan.partner[i] * image_bytes;
    for (int64_t k = 0; k < image_bytes; ++k)
      x[i * image_bytes + k] = mine[k] * plan.own + others[k] * plan.other;
  }
}

void Batch::convert(const uint8_t *images, int64_t images_count) {
  count = images_count;
  x.resize(count * image_bytes);
  int64_t channels = image_bytes / plane;
  for (int64_t i = 0; i < count; ++i)
    for (int64_t c = 0; c < channels; ++c) {
      const uint8_t *from = images + i * image_bytes + c * plane;
      const float *table = pixels.table.data() + c * 256;
      float *to = x.data() + i * image_bytes + c;
      for (int64_t p = 0; p < plane; ++p)
        to[p * channels] = table[from[p]];
    }
}

// Makes adversarial examples of rows, as Trainer.perturb in batch.go.
void Batch::attack(const BatchPlan &plan) {
  const auto &attacked = plan.attacked;
  int64_t channels = image_bytes / plane, k = attacked.count;
  victims.resize(k * image_bytes);
  low.resize(victims.size());
  high.resize(victims.size());
  victim_labels.resize(k);
  victim_partners.resize(k);
  for (int64_t i = 0; i < k; ++i) {
    int64_t row = attacked.rows[i];
    victim_labels[i] = own[row];
    if (mixed)
      victim_partners[i] = partner[row];
    for (int64_t at = 0; at < image_bytes; ++at) {
      int64_t c = at % channels, place = i * image_bytes + at;
      float scale = pixels.scale[c], shift = pixels.shift[c];
      float origin = x[row * image_bytes + at];
      float reach = scale * static_cast<float>(plan.epsilon);
      // Bounds: epsilon around the row, within black and white.
      low[place] = std::max(origin - reach, shift);
      high[place] = std::min(origin + reach, scale * 255.0f + shift);
      victims[place] = origin;
      if (plan.start) {
        float offset =
            plan.start[i * image_bytes + c * plane + at / channels] * scale;
        victims[place] =
            std::min(std::max(origin + offset, low[place]), high[place]);
      }
    }
  }
  Labels labels{victim_labels.data(), mixed ? victim_partners.data() : nullptr,
                mixed ? own_weight : 1, mixed ? partner_weight : 0};
  for (int64_t step = 0; step < plan.attack_steps; ++step)
    climb(plan, labels);
  if (attacked.add) {
    x.resize((count + k) * image_bytes);
    own.insert(own.end(), victim_labels.begin(), victim_labels.end());
    if (mixed)
      partner.insert(partner.end(), victim_partners.begin(),
                     victim_partners.end());
  }
  for (int64_t i = 0; i < k; ++i)
    std::copy_n(victims.data() + i * image_bytes, image_bytes,
                x.data() + (attacked.add ? count + i : attacked.rows[i]) *
                               image_bytes);
  if (attacked.add)
    count += k;
}

// Takes one step up the loss, of the network as it predicts.
void Batch::climb(const BatchPlan &plan, const Labels &labels) {
  int64_t channels = image_bytes / plane, wide = padded(channels);
  int64_t k = plan.attacked.count;
  net.forward(victims.data(), k, Mode::kPrediction);
  net.classify();
  net.loss(labels, 1);
  const float *gradient = net.input_backward();
  for (int64_t at = 0; at < k * image_bytes; ++at) {
    float g = gradient[at / channels * wide + at % channels];
    float step =
        pixels.scale[at % channels] * static_cast<float>(plan.attack_step);
    float moved = victims[at] + (g > 0 ? step : g < 0 ? -step : 0);
    victims[at] = std::min(std::max(moved, low[at]), high[at]);
  }
}

} // namespace backfire
