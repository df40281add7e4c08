// What the shim's files share: handles and errors.
#ifndef BACKFIRE_SHIM_INTERNAL_H
#define BACKFIRE_SHIM_INTERNAL_H

#include "shim.h"

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <cstring>
#include <exception>
#include <utility>

namespace backfire {

inline at::Tensor &tensor_of(void *handle) {
  return *static_cast<at::Tensor *>(handle);
}

inline void *handle_of(at::Tensor value) {
  return new at::Tensor(std::move(value));
}

// Runs body and turns whatever it throws into a message.
template <class Body> char *guarded(Body &&body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const c10::Error &e) {
    return strdup(e.what_without_backtrace());
  } catch (const std::exception &e) {
    return strdup(e.what());
  } catch (...) {
    return strdup("unknown C++ exception");
  }
}

} // namespace backfire
#endif
