#include "vectors.h"
#include "winograd.h"
#include "winograd_transforms.h"

namespace backfire {
namespace {

// The largest number of Winograd's multiplications, per multiplication of the
// direct sums, at which the three passes of a layer together are faster. With
// AVX2, images of 5x5 pixels (0.64) take the same time either way at 8
// channels. With AVX-512, libtorch's kernels are slow for small images, and
// images of 2x2 pixels (1.00) are faster by Winograd's algorithms. Measured on
// AMD Zen 5 with batches of 32 images of 1 to 32 pixels a side and 8 to 512
// channels. The number of channels changes the ratio of the times, but not the
// side of 1 that it is on, except at 5x5 pixels.
constexpr double kMostAVX2 = 0.6, kMostAVX512 = 1.0;

} // namespace

bool winograd_pays(const Convolution &c) {
  if (c.kernel != 3 || c.stride != 1 || c.in % Eight::kLanes ||
      c.out % Eight::kLanes)
    return false;
  int64_t rows = (c.height + kTile - 1) / kTile,
          columns = (c.width + kTile - 1) / kTile;
  double share = static_cast<double>(rows * columns * kPoints) /
                 static_cast<double>(c.height * c.width * 9);
  switch (capability()) {
  case Capability::kAVX512:
    return share <= kMostAVX512;
  case Capability::kAVX2:
    return share <= kMostAVX2;
  default:
    return false;
  }
}

} // namespace backfire
