// Batch normalisation, addition and ReLU, and the update of all weights, by
// fused kernels of backfire's own: on a GPU, where NVRTC compiled them, or one
// thread after the other on the CPU, to test them.
#ifndef BACKFIRE_FUSED_H
#define BACKFIRE_FUSED_H

#include "fused_args.h"

#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace backfire {
namespace fused {

// The kernels' names. Those of a normalisation come once for each form: float
// and bfloat16, one channel at a time and 16 bytes.
inline constexpr const char *kNames[] = {
    "moments_f1", "normalise_f1", "sums_f1",  "gradient_f1",
    "moments_f4", "normalise_f4", "sums_f4",  "gradient_f4",
    "moments_b1", "normalise_b1", "sums_b1",  "gradient_b1",
    "moments_b8", "normalise_b8", "sums_b8",  "gradient_b8",
    "recall",     "update_f",     "update_b",
};
enum NormKernel { kMoments, kNormalise, kSums, kGradient, kNormKernels };
enum OtherKernel { kRecall = 4 * kNormKernels, kUpdateFloat, kUpdateHalf };

// Starts kernels by their numbers in kNames.
struct Launcher {
  std::atomic<int64_t> launches{0}; // so far
  virtual ~Launcher() = default;
  // Starts width x height blocks on the current stream; the arguments are
  // copied.
  virtual void launch(int kernel, unsigned width, unsigned height,
                      const void *arguments) = 0;
};

// Kernels on the CPU: all but number left_out, threads and blocks in reverse
// order if wanted.
std::unique_ptr<Launcher> serial(bool reversed, int left_out);

// Kernels on a CUDA device from an image that NVRTC made for it.
std::unique_ptr<Launcher> on_gpu(int device, const void *image);

// The kernels as one model uses them, on one stream.
struct Session {
  std::shared_ptr<Launcher> launcher;
  at::Tensor counters; // 0 between launches, see NormForward
};

// What is fixed about a normalisation.
struct Norm {
  at::Tensor weight, bias, mean, variance; // the last two are running
  double momentum, epsilon;
  bool relu, training;
};

// Whether the kernels can work on z, which lies in memory as N,H,W,C.
bool takes(const at::Tensor &z);

// y = relu(norm(x) + residual), with residual and ReLU where there are any. In
// training the running statistics move. y may be x. It returns the statistics
// of NormForward.
at::Tensor forward(Session &session, const at::Tensor &x,
                   const std::optional<at::Tensor> &residual, const Norm &norm,
                   const at::Tensor &y);

// The gradients of x, weight, bias and residual; the first and the last one
// where they are wanted. y is undefined without ReLU.
struct Gradients {
  at::Tensor x, weight, bias, residual;
};
struct Wanted {
  bool x, residual;
};
Gradients backward(Session &session, const at::Tensor &dy, const at::Tensor &y,
                   const at::Tensor &x, const at::Tensor &weight,
                   const at::Tensor &statistics, bool training, Wanted wanted);

// forward, as a node of the gradient graph. The session outlives the graph.
at::Tensor normalised(Session &session, const at::Tensor &x,
                      const std::optional<at::Tensor> &residual,
                      const Norm &norm);

// Tensors that are trained. All lists but `weights` and `gradients` may be
// empty, and a copy may be undefined.
struct Trained {
  std::vector<at::Tensor> weights, gradients, velocities, copies;
};
struct Rates {
  at::Tensor rate; // [1], on the device
  double momentum, decay;
  bool nesterov;
};
void update(Session &session, const Trained &trained, const Rates &rates);

// Throws unless every kernel gives what libtorch's own operations give in
// double, for numbers drawn at random on the device of `options`, and, unless
// `serial` is null, the bits that this session gives on the CPU.
void check(Session &session, const at::TensorOptions &options, Session *serial);

} // namespace fused
} // namespace backfire
#endif
