#include "fused.h"

#if BACKFIRE_CUDA

#include "library.h"

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <iterator>

namespace backfire {
namespace fused {
namespace {

// The part of CUDA's driver that starts kernels from an image. libtorch links
// the runtime alone, and its list of the driver's functions is in no header
// that it ships.
struct Driver {
  int (*module_load)(void **module, const void *image);
  int (*module_function)(void **function, void *module, const char *name);
  int (*context)(void **context);
  int (*set_context)(void *context);
  int (*launch)(void *function, unsigned x, unsigned y, unsigned z,
                unsigned block_x, unsigned block_y, unsigned block_z,
                unsigned shared, void *stream, void **arguments, void **extra);
  int (*error_string)(int code, const char **text);

  Driver() {
    Library library("libcuda.so.1", "CUDA's driver");
    library.take("cuModuleLoadData", module_load);
    library.take("cuModuleGetFunction", module_function);
    library.take("cuCtxGetCurrent", context);
    library.take("cuCtxSetCurrent", set_context);
    library.take("cuLaunchKernel", launch);
    library.take("cuGetErrorString", error_string);
  }
  void must(int code, const char *what) const {
    const char *text = nullptr;
    if (code != 0 && (error_string(code, &text) != 0 || !text))
      text = "unknown error";
    TORCH_CHECK(code == 0, what, ": ", text);
  }
};

const Driver &driver() {
  static const Driver found;
  return found;
}

struct Gpu : Launcher {
  void *context = nullptr;
  void *functions[std::size(kNames)];

  Gpu(int device, const void *image) {
    c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device));
    C10_CUDA_CHECK(cudaFree(nullptr)); // makes the device's context
    const auto &d = driver();
    d.must(d.context(&context), "the context of the GPU");
    TORCH_CHECK(context, "the GPU has no context");
    void *module = nullptr; // it is kept until the process ends
    d.must(d.module_load(&module, image), "loading the kernels");
    for (size_t i = 0; i < std::size(kNames); ++i)
      d.must(d.module_function(&functions[i], module, kNames[i]), kNames[i]);
  }

  void launch(int kernel, unsigned width, unsigned height,
              const void *arguments) override {
    const auto &d = driver();
    void *current = nullptr;
    d.must(d.context(&current), "the context of the GPU");
    if (current != context) // a thread of libtorch's that had no work yet
      d.must(d.set_context(context), "the context of the GPU");
    void *list[] = {const_cast<void *>(arguments)};
    d.must(d.launch(functions[kernel], width, height, 1, kThreads, 1, 1, 0,
                    c10::cuda::getCurrentCUDAStream().stream(), list, nullptr),
           kNames[kernel]);
    ++launches;
  }
};

} // namespace

std::unique_ptr<Launcher> on_gpu(int device, const void *image) {
  return std::make_unique<Gpu>(device, image);
}

} // namespace fused
} // namespace backfire

#else

namespace backfire {
namespace fused {

std::unique_ptr<Launcher> on_gpu(int, const void *) {
  TORCH_CHECK(false, "built against a libtorch without CUDA");
}

} // namespace fused
} // namespace backfire

#endif
