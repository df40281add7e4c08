#pragma GCC optimize("fp-contract=off")

#include "fused_serial.h"

#include "fused_args.h"
#include "fused_walk.h"

#include "fused_norm_body.h"
#include "fused_update_body.h"

#include "fused.h"

#include <iterator>

namespace backfire {
namespace fused {
namespace {

template <class Arguments, void (*kKernel)(const Arguments &)>
void run(const void *arguments) {
  kKernel(*static_cast<const Arguments *>(arguments));
}

// In the order of kNames.
#define RUN_NORMS(form)                                                        \
  run<NormForward, moments_##form>, run<NormForward, normalise_##form>,        \
      run<NormBackward, sums_##form>, run<NormBackward, gradient_##form>
constexpr void (*kRun[])(const void *) = {
    RUN_NORMS(f1),
    RUN_NORMS(f4),
    RUN_NORMS(b1),
    RUN_NORMS(b8),
    run<NormForward, recall>,
    run<Update, update_f>,
    run<Update, update_b>,
};
static_assert(std::size(kRun) == std::size(kNames));
static_assert(sizeof(Update) <= 4096, "more than a kernel is given");

struct Serial : Launcher {
  bool reversed;
  int left_out;

  Serial(bool reversed, int left_out)
      : reversed(reversed), left_out(left_out) {}

  void launch(int kernel, unsigned width, unsigned height,
              const void *arguments) override {
    if (kernel == left_out)
      return;
    ++launches;
    backwards = reversed;
    for (unsigned i = 0; i < width * height; ++i) {
      unsigned block = in_order(i, width * height);
      blockIdx = {block % width, block / width};
      kRun[kernel](arguments);
    }
  }
};

} // namespace

std::unique_ptr<Launcher> serial(bool reversed, int left_out) {
  return std::make_unique<Serial>(reversed, left_out);
}

} // namespace fused
} // namespace backfire
