// Tiles of images, and their transforms to and from points.
#ifndef BACKFIRE_WINOGRAD_TILES_H
#define BACKFIRE_WINOGRAD_TILES_H

#include "conv_kernels.h"
#include "winograd.h"
#include "winograd_loops.h"
#include "workspace.h"

#include <algorithm>
#include <cstdint>

namespace backfire {

// Transformed tiles: for each of 36 points one plane
// [channels / lanes][tiles][lanes].
struct Planes {
  float *data = nullptr;
  int64_t plane = 0; // floats from one plane to the next
  int64_t block = 0; // floats from one vector of channels to the next
  int64_t lanes = 0; // channels of a vector

  // Points at different planes are no multiple of 4 kB apart: they would
  // compete for the same lines of the first cache.
  Planes(int64_t tiles, int64_t channels, int64_t lanes)
      : plane((tiles * channels + 1023) / 1024 * 1024 + 16),
        block(tiles * lanes), lanes(lanes) {}
  int64_t floats() const { return kPoints * plane; }
};

// Images cut into tiles of 4x4 pixels. A line is a row of tiles of one image;
// lines are taken in groups.
struct Tiles {
  int64_t images, height, width;
  int64_t rows, columns; // tiles of an image
  int64_t lines;         // of all images
  int64_t per_group;     // lines
  int64_t groups;

  // Groups have about `tiles` tiles.
  Tiles(int64_t images, int64_t height, int64_t width, int64_t tiles)
      : images(images), height(height), width(width),
        rows((height + kTile - 1) / kTile),
        columns((width + kTile - 1) / kTile), lines(images * rows),
        per_group(std::clamp<int64_t>(tiles / columns, 1, lines)),
        groups((lines + per_group - 1) / per_group) {}

  int64_t begin(int64_t group) const { return group * per_group; }
  int64_t end(int64_t group) const {
    return std::min((group + 1) * per_group, lines);
  }
  int64_t capacity() const { return per_group * columns; } // tiles of a group
  int64_t count(int64_t group) const {
    return (end(group) - begin(group)) * columns;
  }
};

// Channels of the vectors that a convolution is computed with: 8, or 16 where
// the set of kernels has such vectors and the channels fill them.
int64_t winograd_lanes(const Convolution &c);

// Transform the lines of a group: patches of 6x6 pixels of the zero-padded
// images x [images, height, width, channels] to B' d B, and tiles of 4x4 pixels
// of a gradient to G g G' of F(3, 4).
void data_points(const Tiles &tiles, int64_t group, const Images &x,
                 int64_t channels, const Planes &into);
void gradient_points(const Tiles &tiles, int64_t group, const float *dy,
                     int64_t channels, const Planes &into);
// Writes A' m A of a group's tiles into `count` of the result's `channels`,
// the first of which y points to, or adds it to what is there.
void result_pixels(const Tiles &tiles, int64_t group, const Planes &m,
                   int64_t count, int64_t channels, bool add, float *y);

} // namespace backfire
#endif
