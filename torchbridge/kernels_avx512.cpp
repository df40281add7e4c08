// The kernels for AVX-512.
#ifdef __x86_64__
#define BACKFIRE_AVX512
#include "lanes.h"

#include "direct_loops_body.h"
#include "norm_loops_body.h"
#include "step_loops_body.h"
#include "winograd_loops_body.h"

#include "kernel_set.h"

namespace backfire {

const KernelSet kernels_avx512 = {
    16,
    {direct_loops<Eight>(), direct_loops<Sixteen>()},
    {winograd_loops<Eight>(), winograd_loops<Sixteen>()},
    norm_loops<Sixteen>(),
    step_loops<Sixteen>()};

} // namespace backfire

#endif
