// What the kernels of convolutions work through at a time.
#ifndef BACKFIRE_CONV_BANDS_H
#define BACKFIRE_CONV_BANDS_H

#include <algorithm>
#include <cstdint>

namespace backfire {

// Some whole images, or some rows of one.
struct Band {
  int64_t image, images, row, rows;
};

// Rows of the padded source that `rows` rows of a result are made from, whose
// distance in it is `step`.
inline int64_t source_rows(int64_t rows, int64_t step, int64_t padding) {
  return (rows - 1) * step + 1 + 2 * padding;
}

// Images of `height` rows of `width` pixels cut into bands of about `pixels`.
struct Bands {
  int64_t images, height, per_band, rows, per_image, count;

  Bands(int64_t images, int64_t height, int64_t width, int64_t pixels)
      : images(images), height(height) {
    per_band = std::clamp<int64_t>(pixels / (height * width), 1, images);
    per_image = (height * width + pixels - 1) / pixels;
    rows = (height + per_image - 1) / per_image;
    per_image = (height + rows - 1) / rows;
    count = (images + per_band - 1) / per_band * per_image;
  }

  Band operator[](int64_t i) const {
    int64_t image = i / per_image * per_band, row = i % per_image * rows;
    return {image, std::min(per_band, images - image), row,
            std::min(rows, height - row)};
  }
};

} // namespace backfire
#endif
