#include "shim_internal.h"

#if BACKFIRE_CUDA

#include <ATen/Context.h>
#include <ATen/core/CachingHostAllocator.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

using namespace backfire;
using c10::DeviceIndex;
using c10::cuda::CUDAStream;

namespace {

// libtorch has so many streams per device and hands them out in turn, whether
// they are in use or not. Two threads on one would record each other's work.
constexpr int streams_per_device = 32;

// The streams of a device that no thread uses now, and how many there are at
// all.
struct Streams {
  std::vector<CUDAStream> idle;
  int known = 0;
};

std::mutex streams_mutex;

Streams &streams_of(DeviceIndex device) {
  // Never freed: threads may end after main.
  static auto *all = new std::map<DeviceIndex, Streams>;
  return (*all)[device];
}

// How many requests for memory failed, by device and stream. The gradient graph
// runs on threads of libtorch's, but on the stream of the thread that asks for
// it.
using StreamName = std::pair<DeviceIndex, c10::StreamId>;
std::mutex shortages_mutex;

std::map<StreamName, int64_t> &shortages() {
  // Never freed: threads may end after main.
  static auto *all = new std::map<StreamName, int64_t>;
  return *all;
}

StreamName name_of(const CUDAStream &stream) {
  return {stream.device_index(), stream.id()};
}

// Counts failed requests from now on.
void count_shortages() {
  static std::once_flag once;
  std::call_once(once, [] {
    at::globalContext().lazyInitDevice(at::kCUDA); // makes the allocator
    c10::cuda::CUDACachingAllocator::attachOutOfMemoryObserver(
        [](int64_t device, size_t, size_t, size_t) {
          auto stream =
              c10::cuda::getCurrentCUDAStream(static_cast<DeviceIndex>(device));
          std::lock_guard<std::mutex> lock(shortages_mutex);
          ++shortages()[name_of(stream)];
        });
  });
}

// What a thread trains on. It comes back to the stream that it had before:
// libtorch keeps freed memory for the stream that it was taken for, and cuBLAS
// a workspace for each thread and stream.
struct Lane {
  std::optional<CUDAStream> stream;
  int users = 0; // models of this thread that are on it now
};

thread_local Lane lane;

CUDAStream enter(DeviceIndex device) {
  if (lane.users > 0) {
    TORCH_CHECK(lane.stream->device_index() == device,
                "a thread trains on one device at a time");
    ++lane.users;
    return *lane.stream;
  }
  std::lock_guard<std::mutex> lock(streams_mutex);
  auto &streams = streams_of(device);
  auto &idle = streams.idle;
  if (streams.known == 0)
    // There may be more threads than cores: they wait for the device asleep.
    C10_CUDA_CHECK(cudaSetDeviceFlags(cudaDeviceScheduleBlockingSync));
  count_shortages();
  if (idle.empty()) {
    TORCH_CHECK(streams.known < streams_per_device, "more than ",
                streams_per_device, " threads train on one device");
    idle.push_back(
        c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device));
    ++streams.known;
  }
  auto chosen = lane.stream ? std::find(idle.begin(), idle.end(), *lane.stream)
                            : idle.end();
  if (chosen == idle.end())
    chosen = idle.end() - 1;
  lane.stream = *chosen;
  lane.users = 1;
  idle.erase(chosen);
  return *lane.stream;
}

void leave() {
  if (--lane.users > 0)
    return;
  auto device = lane.stream->device_index();
  c10::cuda::setCurrentCUDAStream(c10::cuda::getDefaultCUDAStream(device));
  std::lock_guard<std::mutex> lock(streams_mutex);
  streams_of(device).idle.push_back(*lane.stream);
}

// A stream, what was recorded on it, and the memory that the recording uses.
struct Graph {
  CUDAStream stream;
  std::unique_ptr<at::cuda::CUDAGraph> recorded;
  c10::MempoolId_t pool{0, 0};
  int64_t nodes = 0; // of the recording
};

Graph &graph_of(void *handle) { return *static_cast<Graph *>(handle); }

template <class Body> bool succeeds(Body &&body) noexcept {
  try {
    body();
    return true;
  } catch (...) {
    return false;
  }
}

// Puts right what a recording that failed leaves behind: before libtorch 2.12
// (PyTorch's pull request 180395) at::cuda::CUDAGraph ends the use of its pool
// only where all goes well, and the pool asks it which stream it records, also
// when it is gone.
void abandon(Graph &g) noexcept {
  auto status = cudaStreamCaptureStatusNone;
  if (cudaStreamIsCapturing(g.stream, &status) == cudaSuccess &&
      status != cudaStreamCaptureStatusNone) {
    cudaGraph_t part = nullptr;
    if (cudaStreamEndCapture(g.stream, &part) == cudaSuccess && part)
      (void)cudaGraphDestroy(part);
  }
  (void)cudaGetLastError(); // it is told already
  auto device = g.stream.device_index();
  using namespace c10::cuda;
  if (succeeds(
          [&] { CUDACachingAllocator::endAllocateToPool(device, g.pool); }))
    succeeds([&] { CUDACachingAllocator::releasePool(device, g.pool); });
  auto *host = at::getHostAllocator(at::kCUDA);
  if (succeeds([&] { host->end_allocate_to_pool(g.pool); }))
    succeeds([&] { host->release_pool(g.pool); });
  g.recorded.reset();
}

// Counts what a recording under way has so far.
int64_t count_nodes(const Graph &g) {
  auto status = cudaStreamCaptureStatusNone;
  cudaGraph_t part = nullptr;
  size_t count = 0;
#if CUDART_VERSION >= 13000
  C10_CUDA_CHECK(cudaStreamGetCaptureInfo(g.stream, &status, nullptr, &part,
                                          nullptr, nullptr, nullptr));
#else
  C10_CUDA_CHECK(cudaStreamGetCaptureInfo_v2(g.stream, &status, nullptr, &part,
                                             nullptr, nullptr));
#endif
  if (status == cudaStreamCaptureStatusActive)
    C10_CUDA_CHECK(cudaGraphGetNodes(part, nullptr, &count));
  return static_cast<int64_t>(count);
}

// Drops the recording and gives its memory back, which libtorch would keep for
// a recording that never comes. A libtorch whose CUDAGraph::reset() frees the
// stream's cuBLAS workspaces (PyTorch's pull request 175276) would take them
// from the other recordings of the thread, too: that of 2.11 does not.
void drop(Graph &g) {
  g.stream.synchronize(); // a replay may still run
  if (!g.recorded)
    return;
  g.recorded.reset();
  g.nodes = 0;
  c10::cuda::CUDACachingAllocator::emptyCache(g.pool);
}

} // namespace

char *bf_graph_new(int device, void **graph) {
  return guarded([&] {
    auto index = static_cast<DeviceIndex>(device);
    c10::cuda::set_device(index);
    auto stream = enter(index);
    c10::cuda::setCurrentCUDAStream(stream);
    *graph = new Graph{stream, nullptr};
  });
}

char *bf_graph_free(void *graph) {
  return guarded([&] {
    std::unique_ptr<Graph> owned(&graph_of(graph));
    bool dropped = succeeds([&] { drop(*owned); });
    leave();
    TORCH_CHECK(dropped, "the device does not end its work");
  });
}

char *bf_graph_begin(void *graph) {
  return guarded([&] {
    auto &g = graph_of(graph);
    g.stream.synchronize();
    g.recorded = std::make_unique<at::cuda::CUDAGraph>();
    g.pool = at::cuda::graph_pool_handle();
    try {
      g.recorded->capture_begin(g.pool, cudaStreamCaptureModeThreadLocal);
    } catch (...) {
      abandon(g);
      throw;
    }
  });
}

char *bf_graph_end(void *graph) {
  return guarded([&] {
    auto &g = graph_of(graph);
    try {
      g.nodes = count_nodes(g);
      g.recorded->capture_end();
    } catch (...) {
      abandon(g);
      throw;
    }
  });
}

char *bf_graph_replay(void *graph) {
  return guarded([&] { graph_of(graph).recorded->replay(); });
}

char *bf_graph_forget(void *graph) {
  return guarded([&] { drop(graph_of(graph)); });
}

char *bf_graph_shortages(void *graph, int64_t *count) {
  return guarded([&] {
    std::lock_guard<std::mutex> lock(shortages_mutex);
    auto &all = shortages();
    auto found = all.find(name_of(graph_of(graph).stream));
    *count = found == all.end() ? 0 : found->second;
  });
}

char *bf_graph_nodes(void *graph, int64_t *count) {
  return guarded([&] { *count = graph_of(graph).nodes; });
}

char *bf_cuda_peak_memory(int index, int64_t *allocated, int64_t *reserved) {
  return guarded([&] {
    using namespace c10::cuda;
    auto device = static_cast<DeviceIndex>(index);
    auto stats = CUDACachingAllocator::getDeviceStats(device);
    auto all = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    *allocated = stats.allocated_bytes[all].peak;
    *reserved = stats.reserved_bytes[all].peak;
    CUDACachingAllocator::resetPeakStats(device);
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
char *bf_graph_shortages(void *, int64_t *) { return without_cuda(); }
char *bf_graph_nodes(void *, int64_t *) { return without_cuda(); }
char *bf_cuda_peak_memory(int, int64_t *, int64_t *) { return without_cuda(); }

#endif
