// What the kernels take from the program around them.
//
// host.cpp has it from libtorch. A program without libtorch, like that of
// testdata/arithmetic, defines these functions itself.
#ifndef BACKFIRE_HOST_H
#define BACKFIRE_HOST_H

#include <cstdint>
#include <string>

namespace backfire {

// Calls body(from, to, context) for parts of [0, count), at least `least` long,
// on as many threads as thread_count() returns, and returns after the last.
void run_parallel(int64_t count, int64_t least,
                  void (*body)(int64_t from, int64_t to, void *context),
                  void *context);
int64_t thread_count();

// Returns the best of x86-64's instruction sets that may be used: AVX512, AVX2
// or DEFAULT.
std::string instruction_set();

} // namespace backfire
#endif
