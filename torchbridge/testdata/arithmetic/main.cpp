// Trains small networks and calls kernels on fixed inputs, without libtorch,
// and writes every number that results. Programs compiled for unlike processors
// must write the same bytes.
//
//     main SET              with a set of kernels: avx512, avx2, neon, plain
//     main SET WIDTH STEPS  times steps
//
// A list of numbers is a line "NAME COUNT" and COUNT floats of four bytes. Not
// a number is one number here: its bits differ between processors.
#include "lists.h"

#include "../../kernel_set.h"

#include <cstdlib>

namespace backfire {

// The host: one thread, and every instruction of the processor.
void run_parallel(int64_t count, int64_t,
                  void (*body)(int64_t from, int64_t to, void *context),
                  void *context) {
  if (count > 0)
    body(0, count, context);
}
int64_t thread_count() { return 1; }
std::string instruction_set() { return "AVX512"; }

} // namespace backfire

int main(int count, char **arguments) {
  using namespace backfire;
  if (count < 2 || !use_kernels(arguments[1])) {
    std::fprintf(stderr, "this processor has no such kernels\n");
    return 2;
  }
  if (count > 3) {
    time_steps(std::atoi(arguments[2]), std::atoi(arguments[3]));
    return 0;
  }
  write_functions();
  write_loops();
  write_convolutions();
  write_trainings();
  return 0;
}
