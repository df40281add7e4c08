#include "kernel_set.h"
#include "host.h"

#include <atomic>
#include <string>
#include <vector>

namespace backfire {
namespace {

// The sets that this program was compiled with, the fastest first.
struct Named {
  std::string name;
  const KernelSet *set;
  bool (*runs)();                                  // on this processor
  bool (*wanted)(const std::string &instructions); // by the host
};

bool always() { return true; }
bool any(const std::string &) { return true; }

#if defined(__x86_64__)
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq");
}
bool wants_avx512(const std::string &instructions) {
  return instructions == "AVX512";
}
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
bool wants_avx2(const std::string &instructions) {
  return instructions == "AVX2" || wants_avx512(instructions);
}
#endif

const std::vector<Named> &sets() {
  static const std::vector<Named> all = {
#if defined(__x86_64__)
      {"avx512", &kernels_avx512, has_avx512, wants_avx512},
      {"avx2", &kernels_avx2, has_avx2, wants_avx2},
#elif defined(__aarch64__)
      {"neon", &kernels_neon, always, any},
#endif
      {"plain", &kernels_plain, always, any}};
  return all;
}

const KernelSet *found() {
  std::string instructions = instruction_set();
  for (auto &s : sets())
    if (s.runs() && s.wanted(instructions))
      return s.set;
  return &kernels_plain;
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
  if (name == std::string("auto"))
    set = found();
  for (auto &s : sets())
    if (s.name == name && s.runs())
      set = s.set;
  if (set)
    chosen.store(set, std::memory_order_relaxed);
  return set != nullptr;
}

} // namespace backfire
