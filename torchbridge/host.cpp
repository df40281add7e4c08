#include "host.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/csrc/stable/c/shim.h>
#include <torch/headeronly/util/shim_utils.h>

namespace backfire {

// at::parallel_for is a template that, compiled without OpenMP of our own,
// would be a plain loop.
void run_parallel(int64_t count, int64_t least,
                  void (*body)(int64_t from, int64_t to, void *context),
                  void *context) {
  TORCH_ERROR_CODE_CHECK(torch_parallel_for(0, count, least, body, context));
}

int64_t thread_count() { return at::get_num_threads(); }

std::string instruction_set() { return at::get_cpu_capability(); }

} // namespace backfire
