// Convolutions of float images in memory order N,H,W,C, and their gradients.
//
// They are sums of products of pixels with panels of weights that are laid out
// anew for each call (Georganas et al. 2018, "Anatomy of High-Performance Deep
// Learning Convolutions on SIMD Architectures", section II, without code made
// at run time). No result depends on the number of threads or on the processor.
#ifndef BACKFIRE_CONV_KERNELS_H
#define BACKFIRE_CONV_KERNELS_H

#include <cstdint>

namespace backfire {

// A convolution with square kernels of an odd size, zero-padded by half of it.
// Images are [images, height, width, in], weights [out, kernel, kernel, in],
// results [images, out_height(), out_width(), out].
struct Convolution {
  int64_t images, height, width, in, out, kernel, stride;

  int64_t out_height() const { return (height - 1) / stride + 1; }
  int64_t out_width() const { return (width - 1) / stride + 1; }
};

// Returns whether the functions below know the convolution: kernels of 1 and 3,
// strides of 1 and 2, channels in eights.
bool convolves(const Convolution &c);

void convolve(const Convolution &c, const float *x, const float *weight,
              float *y);
// Writes the gradient into dx, or adds it to what is there.
void input_gradient(const Convolution &c, const float *dy, const float *weight,
                    bool add, float *dx);
void weight_gradient(const Convolution &c, const float *x, const float *dy,
                     float *dweight);

// The weight gradient of a convolution of images of one to four channels with a
// kernel of 3 and a stride of 1. convolve() knows these, too.
void stem_weight_gradient(const Convolution &c, const float *x, const float *dy,
                          float *dweight);

} // namespace backfire
#endif
