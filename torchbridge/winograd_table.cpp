#include "vectors.h"
#include "winograd.h"
#include "winograd_transforms.h"

namespace backfire {
namespace {

// The largest number of Winograd's multiplications, per multiplication of the
// direct sums, at which all three passes of a layer together are faster: images
// of 5x5 pixels (0.64) are as fast either way with AVX2, and with AVX-512,
// where libtorch's kernels lose much time around small images, those of 2x2
// (1.00) are not slower. Measured on AMD Zen 5 with batches of 32 images of 1
// to 32 pixels and 8 to 512 channels; channels in eights or more change the
// ratio of the times, but not on which side of 1 it is.
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
