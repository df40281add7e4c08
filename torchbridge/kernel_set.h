// The innermost loops of the kernels, once for each instruction set.
//
// All sets give the same bits (see lanes.h). What they differ in is the number
// of channels of a vector, which fixes where numbers lie between two loops.
#ifndef BACKFIRE_KERNEL_SET_H
#define BACKFIRE_KERNEL_SET_H

#include "direct_loops.h"
#include "norm_loops.h"
#include "step_loops.h"
#include "winograd_loops.h"

namespace backfire {

struct KernelSet {
  int64_t lanes; // channels of the widest vectors, 8 or 16
  // Loops on vectors of 8 and of 16 channels.
  DirectLoops direct[2];
  WinogradLoops winograd[2];
  NormLoops norm;
  StepLoops step;

  // Channels of a vector where all these channels are to fill vectors.
  int64_t lanes_for(int64_t channels, int64_t others) const {
    return lanes == 16 && channels % 16 == 0 && others % 16 == 0 ? 16 : 8;
  }
  const DirectLoops &direct_for(int64_t lanes) const {
    return direct[lanes == 16];
  }
  const WinogradLoops &winograd_for(int64_t lanes) const {
    return winograd[lanes == 16];
  }
};

// The first two are compiled for x86-64, kernels_neon for 64-bit Arm, which
// always has NEON, and kernels_plain everywhere.
extern const KernelSet kernels_avx512, kernels_avx2, kernels_neon,
    kernels_plain;

// The set that this process computes with, unless use_kernels chose another: on
// x86-64 that of the instructions which libtorch found at its start
// (ATEN_CPU_CAPABILITY names lesser ones), on 64-bit Arm that for NEON.
const KernelSet &kernels();

// Has the process compute with the set of a name from now on: avx512, avx2,
// neon or plain; auto is the choice described above. Returns false where there
// is no such set or the processor lacks its instructions.
bool use_kernels(const char *name);

} // namespace backfire
#endif
