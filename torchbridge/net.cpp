#pragma GCC optimize("fp-contract=off")

#include "net.h"
#include "kernel_set.h"
#include "parallel.h"

#include <algorithm>

namespace backfire {

Net::Net(const NetShape &shape, const std::vector<float *> &params,
         const std::vector<float *> &buffers, bool together)
    : shape(shape) {
  auto param = params.begin(), buffer = buffers.begin();
  auto layer = [&](int64_t height, int64_t width, int64_t in, int64_t out,
                   int64_t kernel, int64_t stride, bool is_stem) {
    LayerTensors tensors{param[0], param[1], param[2], buffer[0], buffer[1]};
    param += 3;
    buffer += 2;
    return std::make_unique<Layer>(tensors, height, width, in, out, kernel,
                                   stride, is_stem);
  };
  int64_t height = shape.height, width = shape.width_px, in = shape.width;
  stem = layer(height, width, shape.channels, in, 3, 1, true);
  for (int64_t i = 0; i < 8; ++i) {
    int64_t out = shape.width << i / 2, stride = i > 0 && i % 2 == 0 ? 2 : 1;
    Block block;
    block.first = layer(height, width, in, out, 3, stride, false);
    height = (height - 1) / stride + 1;
    int64_t before = width;
    width = (width - 1) / stride + 1;
    block.second = layer(height, width, out, out, 3, 1, false);
    if (together)
      block.first->leave_to(*block.second);
    if (stride > 1)
      block.shortcut =
          layer(block.first->shape.height, before, in, out, 1, stride, false);
    blocks.push_back(std::move(block));
    in = out;
  }
  weight = param[0];
  bias = param[1];
  weight_gradient.resize(shape.classes * features());
  bias_gradient.resize(shape.classes);
}

template <class Body> void Net::each_layer(Body &&body) const {
  body(*stem);
  for (auto &block : blocks) {
    body(*block.first);
    body(*block.second);
    if (block.shortcut)
      body(*block.shortcut);
  }
}

void Net::reserve(int64_t images) {
  if (images <= room)
    return;
  room = images;
  int64_t most = shape.height * shape.width_px * padded(shape.channels);
  each_layer([&](Layer &layer) {
    layer.reserve(images);
    most = std::max(most, layer.image_floats());
  });
  outer = memory[0].floats(images * most);
  inner = memory[1].floats(images * most);
  other = memory[2].floats(images * most);
  pooled.resize(images * features());
  pooled_gradient.resize(images * features());
  logits.resize(images * shape.classes);
  logit_gradient.resize(images * shape.classes);
}

void Net::load_weights() {
  each_layer([](Layer &layer) { layer.load_weights(); });
}

void Net::forward(const float *pixels, int64_t images, Mode mode) {
  this->images = images;
  stem->forward({pixels}, images, nullptr, true, mode);
  const float *x = stem->result().data;
  for (auto &block : blocks) {
    block.first->forward({x}, images, nullptr, true, mode);
    const float *residual = x;
    if (block.shortcut) {
      block.shortcut->forward({x}, images, nullptr, false, mode);
      residual = block.shortcut->result().data;
    }
    block.second->forward(block.first->result(), images, residual, true, mode);
    x = block.second->result().data;
  }
  int64_t floats = blocks.back().second->image_floats();
  parallel_for(images, 4, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i)
      kernels().step.pool(x + i * floats, floats / features(), features(),
                          pooled.data() + i * features());
  });
}

void Net::classify() {
  parallel_for(images, 4, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i)
      for (int64_t k = 0; k < shape.classes; ++k)
        logits[i * shape.classes + k] =
            kernels().step.dot(pooled.data() + i * features(),
                               weight + k * features(), features()) +
            bias[k];
  });
}

const float *Net::body_backward(const float *x, bool inputs_alone) {
  const auto &loops = kernels().step;
  int64_t count = features(), classes = shape.classes;
  int64_t floats = blocks.back().second->image_floats();
  parallel_for(images, 4, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      float *gradient = pooled_gradient.data() + i * count;
      std::fill_n(gradient, count, 0.0f);
      for (int64_t k = 0; k < classes; ++k)
        loops.add_scaled(logit_gradient[i * classes + k], weight + k * count,
                         count, gradient);
      loops.spread(gradient, floats / count, count, outer + i * floats);
    }
  });
  for (size_t i = blocks.size(); i-- > 0;)
    block_backward(blocks[i],
                   (i > 0 ? blocks[i - 1].second : stem)->result().data,
                   inputs_alone);
  stem->norm_backward(outer, true, nullptr, outer);
  if (!inputs_alone) {
    stem->weight_backward({x}, outer);
    return nullptr;
  }
  stem->input_backward(outer, false, inner);
  return inner;
}

void Net::block_backward(Block &block, const float *x, bool inputs_alone) {
  Layer &first = *block.first, &second = *block.second;
  second.norm_backward(outer, true, outer, inner);
  if (!inputs_alone)
    second.weight_backward(first.result(), inner);
  second.input_backward(inner, false, other);
  first.norm_backward(other, true, nullptr, other);
  if (!inputs_alone)
    first.weight_backward({x}, other);
  if (!block.shortcut) {
    first.input_backward(other, true, outer);
    return;
  }
  block.shortcut->norm_backward(outer, false, nullptr, inner);
  if (!inputs_alone)
    block.shortcut->weight_backward({x}, inner);
  first.input_backward(other, false, outer);
  block.shortcut->input_backward(inner, true, outer);
}

void Net::backward(const float *x) {
  int64_t count = features(), classes = shape.classes;
  parallel_for(classes, 4, [&](int64_t from, int64_t to) {
    for (int64_t k = from; k < to; ++k) {
      float *gradient = weight_gradient.data() + k * count, sum = 0;
      std::fill_n(gradient, count, 0.0f);
      for (int64_t i = 0; i < images; ++i) {
        float g = logit_gradient[i * classes + k];
        kernels().step.add_scaled(g, pooled.data() + i * count, count,
                                  gradient);
        sum += g;
      }
      bias_gradient[k] = sum;
    }
  });
  body_backward(x, false);
}

const float *Net::input_backward() { return body_backward(nullptr, true); }

std::vector<Trained> Net::trained() const {
  std::vector<Trained> list;
  each_layer([&](const Layer &l) {
    int64_t taps = l.shape.kernel * l.shape.kernel;
    if (l.in == l.shape.in) // one row after the other
      list.push_back({l.tensors.weight, l.weight_gradient.data(), 1,
                      l.out * taps * l.in, 0});
    else
      list.push_back({l.tensors.weight, l.weight_gradient.data(), l.out * taps,
                      l.in, l.shape.in});
    list.push_back({l.tensors.scale, l.scale_gradient.data(), 1, l.out, 0});
    list.push_back({l.tensors.shift, l.shift_gradient.data(), 1, l.out, 0});
  });
  list.push_back({weight, weight_gradient.data(), 1,
                  static_cast<int64_t>(weight_gradient.size()), 0});
  list.push_back({bias, bias_gradient.data(), 1, shape.classes, 0});
  return list;
}

} // namespace backfire
