#include "shim_internal.h"

#if BACKFIRE_CUDA

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include <memory>

using namespace backfire;

namespace {

// A stream, and what was recorded on it.
struct Graph {
  c10::cuda::CUDAStream stream;
  std::unique_ptr<at::cuda::CUDAGraph> recorded;
};

Graph &graph_of(void *handle) { return *static_cast<Graph *>(handle); }

} // namespace

char *bf_graph_new(int device, void **graph) {
  return guarded([&] {
    c10::cuda::set_device(static_cast<c10::DeviceIndex>(device));
    auto stream = c10::cuda::getStreamFromPool(
        /*isHighPriority=*/false, static_cast<c10::DeviceIndex>(device));
    c10::cuda::setCurrentCUDAStream(stream);
    *graph = new Graph{stream, nullptr};
  });
}

char *bf_graph_free(void *graph) {
  return guarded([&] {
    std::unique_ptr<Graph> owned(&graph_of(graph));
    owned->stream.synchronize();
    c10::cuda::setCurrentCUDAStream(
        c10::cuda::getDefaultCUDAStream(owned->stream.device_index()));
  });
}

char *bf_graph_begin(void *graph) {
  return guarded([&] {
    auto &g = graph_of(graph);
    g.stream.synchronize();
    g.recorded = std::make_unique<at::cuda::CUDAGraph>();
    g.recorded->capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  });
}

char *bf_graph_end(void *graph) {
  return guarded([&] { graph_of(graph).recorded->capture_end(); });
}

char *bf_graph_replay(void *graph) {
  return guarded([&] { graph_of(graph).recorded->replay(); });
}

char *bf_graph_forget(void *graph) {
  return guarded([&] {
    auto &g = graph_of(graph);
    g.stream.synchronize(); // a replay may still run
    g.recorded.reset();
  });
}

#else

namespace {

char *without_cuda() { return strdup("built against a libtorch without CUDA"); }

} // namespace

char *bf_graph_new(int, void **) { return without_cuda(); }
char *bf_graph_free(void *) { return without_cuda(); }
char *bf_graph_begin(void *) { return without_cuda(); }
char *bf_graph_end(void *) { return without_cuda(); }
char *bf_graph_replay(void *) { return without_cuda(); }
char *bf_graph_forget(void *) { return without_cuda(); }

#endif
