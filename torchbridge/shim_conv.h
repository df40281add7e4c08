// The convolution that the layers use.
#ifndef BACKFIRE_SHIM_CONV_H
#define BACKFIRE_SHIM_CONV_H

#include <ATen/core/Tensor.h>

namespace backfire {

inline at::Tensor channels_last(const at::Tensor &x) {
  return x.contiguous(at::MemoryFormat::ChannelsLast);
}

// Whether kernels of our own can work on x: not on a GPU, nor with memory in
// another order.
inline bool fits(const at::Tensor &x) {
  return x.is_cpu() && x.scalar_type() == at::kFloat &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

// The convolution of x [N,Cin,H,W] with kernel [Cout,Cin,k,k], with a gradient
// where one is recorded. `direct`: without Winograd's algorithms, which
// otherwise compute the layers of which winograd_pays() says so.
at::Tensor convolved(const at::Tensor &x, const at::Tensor &kernel,
                     int64_t stride, int64_t padding, bool direct);

} // namespace backfire
#endif
