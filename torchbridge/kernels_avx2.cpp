// The kernels for AVX2 and FMA.
#ifdef __x86_64__
#define BACKFIRE_AVX2
#include "lanes.h"

#include "direct_loops_body.h"
#include "norm_loops_body.h"
#include "step_loops_body.h"
#include "winograd_loops_body.h"

#include "kernel_set.h"

namespace backfire {

const KernelSet kernels_avx2 = {
    8,
    {direct_loops<Eight>(), direct_loops<Eight>()},
    {winograd_loops<Eight>(), winograd_loops<Eight>()},
    norm_loops<Eight>(),
    step_loops<Eight>()};

} // namespace backfire

#endif
