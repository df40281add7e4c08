// Memory for kernels.
#ifndef BACKFIRE_WORKSPACE_H
#define BACKFIRE_WORKSPACE_H

#include <cstdint>
#include <memory>
#include <new>

namespace backfire {

// Memory that begins at a cache line and is kept for the next call.
class Workspace {
public:
  // Returns room for `count` floats, whose values are undefined.
  float *floats(int64_t count) {
    if (count > size) {
      data.reset();
      data.reset(static_cast<float *>(::operator new[](
          count * sizeof(float), std::align_val_t(kAlignment))));
      size = count;
    }
    return data.get();
  }

private:
  static constexpr size_t kAlignment = 64;
  struct Free {
    void operator()(float *p) const {
      ::operator delete[](p, std::align_val_t(kAlignment));
    }
  };
  std::unique_ptr<float[], Free> data;
  int64_t size = 0;
};

} // namespace backfire
#endif
