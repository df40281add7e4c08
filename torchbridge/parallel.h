// Loops on libtorch's threads.
#ifndef BACKFIRE_PARALLEL_H
#define BACKFIRE_PARALLEL_H

#include <torch/csrc/stable/c/shim.h>
#include <torch/headeronly/util/shim_utils.h>

#include <cstdint>

namespace backfire {

// Calls body(from, to) for parts of [0, count), at least `least` long, on as
// many threads as libtorch is set to. at::parallel_for is a template that,
// compiled without OpenMP of our own, would be a plain loop.
template <class Body>
void parallel_for(int64_t count, int64_t least, const Body &body) {
  auto call = [](int64_t from, int64_t to, void *context) {
    (*static_cast<const Body *>(context))(from, to);
  };
  TORCH_ERROR_CODE_CHECK(
      torch_parallel_for(0, count, least, call, const_cast<Body *>(&body)));
}

} // namespace backfire
#endif
