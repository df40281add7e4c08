#include "lists.h"

#include "../../winograd.h"

using namespace backfire;

namespace {

// Writes a layer's result and gradients for numbers of about a size.
void write_convolution(const Convolution &c, float scale) {
  Random random(c.in * 1000 + c.out);
  std::string name;
  for (int64_t n :
       {c.images, c.height, c.width, c.in, c.out, c.kernel, c.stride})
    name += std::to_string(n) + "-";
  int64_t weights = c.out * c.kernel * c.kernel * c.in,
          results = c.images * c.out_height() * c.out_width() * c.out;
  auto x = random.uniforms(c.images * c.height * c.width * c.in, scale),
       dy = random.uniforms(results, scale),
       weight = random.uniforms(weights, 1);
  std::vector<float> y(results), dweight(weights);
  for (bool winograd : {false, true}) {
    if (winograd && !winograd_pays(c))
      continue;
    auto kind = name + (winograd ? "winograd" : "direct");
    (winograd ? winograd_convolve : convolve)(c, x.data(), weight.data(),
                                              y.data());
    write_list(kind + " result", y);
    if (c.in < 8) {
      stem_weight_gradient(c, x.data(), dy.data(), dweight.data());
    } else {
      std::vector<float> dx(x.size());
      for (bool add : {false, true})
        if (winograd)
          winograd_input_gradient(c, dy.data(), weight.data(), add, dx.data());
        else
          input_gradient(c, dy.data(), weight.data(), add, dx.data());
      write_list(kind + " input gradient", dx);
      (winograd ? winograd_weight_gradient
                : weight_gradient)(c, x.data(), dy.data(), dweight.data());
    }
    write_list(kind + " weight gradient", dweight);
  }
}

} // namespace

void write_convolutions() {
  const Convolution list[] = {
      {3, 9, 7, 1, 8, 3, 1},     {2, 8, 9, 3, 16, 3, 1},
      {2, 6, 6, 4, 24, 3, 1},    {3, 13, 10, 8, 8, 3, 1},
      {2, 9, 9, 16, 16, 3, 1},   {2, 8, 7, 24, 40, 3, 1},
      {5, 5, 5, 16, 32, 3, 1},   {2, 9, 8, 8, 16, 3, 2},
      {2, 7, 7, 32, 64, 3, 2},   {3, 9, 8, 16, 32, 1, 2},
      {2, 8, 8, 24, 48, 1, 2},   {2, 4, 4, 128, 128, 3, 1},
      {1, 4, 4, 384, 384, 3, 1}, // transformed weights are not shared
  };
  for (auto &c : list)
    write_convolution(c, 2);
  // Products and sums below the normal numbers.
  write_convolution({2, 9, 9, 8, 8, 3, 1}, 3e-38f);
  write_convolution({2, 9, 9, 16, 16, 3, 2}, 3e-38f);
}
