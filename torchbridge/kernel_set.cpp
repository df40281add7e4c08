#include "kernel_set.h"

#include <ATen/Version.h>

#include <atomic>
#include <cstring>
#include <string>

namespace backfire {
namespace {

bool has_avx512() {
#ifdef __x86_64__
  return __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq");
#else
  return false;
#endif
}

bool has_avx2() {
#ifdef __x86_64__
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

const KernelSet *found() {
  std::string name = at::get_cpu_capability();
  return name == "AVX512" && has_avx512()                     ? &kernels_avx512
         : (name == "AVX512" || name == "AVX2") && has_avx2() ? &kernels_avx2
                                                              : &kernels_plain;
}

std::atomic<const KernelSet *> chosen{nullptr};

} // namespace

const KernelSet &kernels() {
  const KernelSet *set = chosen.load(std::memory_order_relaxed);
  if (!set) {
    set = found();
    chosen.store(set, std::memory_order_relaxed);
  }
  return *set;
}

bool use_kernels(const char *name) {
  const KernelSet *set = nullptr;
  if (!std::strcmp(name, "auto"))
    set = found();
  else if (!std::strcmp(name, "avx512") && has_avx512())
    set = &kernels_avx512;
  else if (!std::strcmp(name, "avx2") && has_avx2())
    set = &kernels_avx2;
  else if (!std::strcmp(name, "plain"))
    set = &kernels_plain;
  if (set)
    chosen.store(set, std::memory_order_relaxed);
  return set != nullptr;
}

} // namespace backfire
