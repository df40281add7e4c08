#include "vectors.h"

#include <ATen/Version.h>

#include <string>

namespace backfire {

Capability capability() {
  static const Capability chosen = [] {
    std::string name = at::get_cpu_capability();
    return name == "AVX512" ? Capability::kAVX512
           : name == "AVX2" ? Capability::kAVX2
                            : Capability::kBase;
  }();
  return chosen;
}

} // namespace backfire
