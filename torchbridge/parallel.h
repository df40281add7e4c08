// Loops on the host's threads.
#ifndef BACKFIRE_PARALLEL_H
#define BACKFIRE_PARALLEL_H

#include "host.h"

#include <algorithm>
#include <cstdint>

namespace backfire {

// Calls body(from, to) for parts of [0, count), at least `least` long, on the
// host's threads.
template <class Body>
void parallel_for(int64_t count, int64_t least, const Body &body) {
  auto call = [](int64_t from, int64_t to, void *context) {
    (*static_cast<const Body *>(context))(from, to);
  };
  run_parallel(count, least, call, const_cast<Body *>(&body));
}

// How many slices each of `pieces` pieces of work is to be cut into, at most
// `most`, where there are fewer of them than threads.
inline int64_t slices_of(int64_t pieces, int64_t most) {
  return std::clamp<int64_t>(thread_count() / pieces, 1, most);
}

} // namespace backfire
#endif
