#pragma once

#include <c10/util/Exception.h>

#include <dlfcn.h>

namespace backfire {

// A shared library without headers that ship with libtorch, loaded where it is
// needed and never closed. Its functions are found by name.
class Library {
public:
  // title is how messages call it.
  Library(const char *file, const char *title)
      : title_(title), handle_(dlopen(file, RTLD_NOW)) {
    TORCH_CHECK(handle_, title, ": ", dlerror());
  }

  template <class F> void take(const char *name, F &f) const {
    f = reinterpret_cast<F>(dlsym(handle_, name));
    TORCH_CHECK(f, title_, " has no ", name);
  }

private:
  const char *title_;
  void *handle_;
};

} // namespace backfire
