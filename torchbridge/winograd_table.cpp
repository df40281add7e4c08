#pragma GCC optimize("fp-contract=off")

#include "winograd.h"
#include "winograd_loops.h"

namespace backfire {
namespace {

// The largest number of Winograd's multiplications, per multiplication of the
// direct sums, at which the three passes of a layer together are faster. Images
// of 5x5 pixels (0.64) take the same time either way with AVX2 and 8 channels.
// Measured on AMD Zen 5 with batches of 32 images of 1 to 32 pixels a side and
// 8 to 512 channels. The number of channels changes the ratio of the times, but
// not the side of 1 that it is on, except at 5x5 pixels.
constexpr double kMost = 0.6;

} // namespace

bool winograd_pays(const Convolution &c) {
  if (c.kernel != 3 || c.stride != 1 || c.in % 8 || c.out % 8)
    return false;
  int64_t rows = (c.height + kTile - 1) / kTile,
          columns = (c.width + kTile - 1) / kTile;
  double share = static_cast<double>(rows * columns * kPoints) /
                 static_cast<double>(c.height * c.width * 9);
  return share <= kMost;
}

} // namespace backfire
