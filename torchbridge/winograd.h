// 3x3 convolutions of stride 1, and their gradients, with fewer
// multiplications: Winograd's algorithms F(4x4, 3x3) and F(3x3, 4x4) for float
// images in memory order N,H,W,C (Lavin and Gray 2016, "Fast Algorithms for
// Convolutional Neural Networks").
//
// A tile of 4x4 pixels takes 36 multiplications per pair of channels in place
// of 144. Rounding errors are larger than those of direct sums, because the
// transforms add large numbers of either sign. No result depends on the number
// of threads.
#ifndef BACKFIRE_WINOGRAD_H
#define BACKFIRE_WINOGRAD_H

#include "conv_kernels.h"

namespace backfire {

// Returns whether these kernels compute the layer faster than direct sums. The
// answer depends on the size of the images alone, so that every processor adds
// the same numbers in the same order.
bool winograd_pays(const Convolution &c);

// Images as they are, or, where there is a scale, of max(data * scale + shift,
// 0) per channel: a normalisation and a ReLU that are computed where they are
// read.
struct Images {
  const float *data, *scale = nullptr, *shift = nullptr;
};

// As in conv_kernels.h, for kernels of 3, a stride of 1, and channels in
// vectors.
void winograd_convolve(const Convolution &c, const float *x,
                       const float *weight, float *y);
void winograd_input_gradient(const Convolution &c, const float *dy,
                             const float *weight, bool add, float *dx);
void winograd_weight_gradient(const Convolution &c, const float *x,
                              const float *dy, float *dweight);

// The same of such images.
void winograd_convolve_images(const Convolution &c, const Images &x,
                              const float *weight, float *y);
void winograd_images_gradient(const Convolution &c, const Images &x,
                              const float *dy, float *dweight);

} // namespace backfire
#endif
