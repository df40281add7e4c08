// Vectors for kernels of our own, and which of them the processor has.
#ifndef BACKFIRE_VECTORS_H
#define BACKFIRE_VECTORS_H

#include <cstdint>

namespace backfire {

// Vectors as wide as an instruction set's registers: the compiler takes wider
// ones apart, comparisons even number by number, and keeps their sums in
// memory.
#define VECTORS(name, lanes)                                                   \
  struct name {                                                                \
    static constexpr int64_t kLanes = lanes;                                   \
    using Vector = float __attribute__((vector_size(lanes * sizeof(float))));  \
    using Loose /* at any address */ = float __attribute__((                   \
        vector_size(lanes * sizeof(float)), aligned(4), may_alias));           \
  };
VECTORS(Four, 4)
VECTORS(Eight, 8)
VECTORS(Sixteen, 16)
#undef VECTORS

#define INLINE inline __attribute__((always_inline))

// A vector is passed by reference: as a value, its way would depend on the
// instruction set.
template <class L> INLINE void load(typename L::Vector &v, const float *p) {
  v = *reinterpret_cast<const typename L::Loose *>(p);
}
template <class L> INLINE void store(float *p, const typename L::Vector &v) {
  *reinterpret_cast<typename L::Loose *>(p) = v;
}

// What a function is compiled for.
#ifdef __x86_64__
#define FOR_AVX512 __attribute__((target("avx512f,fma")))
#define FOR_AVX2 __attribute__((target("avx2,fma")))
#else
#define FOR_AVX512
#define FOR_AVX2
#endif

// The instruction sets that libtorch's own kernels know, of which one is chosen
// at the start (ATEN_CPU_CAPABILITY names a lesser one): what the engine's
// description records is what fixes the bits.
enum class Capability { kBase, kAVX2, kAVX512 };
Capability capability();

} // namespace backfire
#endif
