package hardware

import "github.com/klauspost/cpuid/v2"

// CPUBF16 returns the name of this processor's fastest instructions for bfloat16: amx, avx512_bf16, or empty
// if it has none.
func CPUBF16() string {
	switch {
	case cpuid.CPU.Supports(cpuid.AMXTILE, cpuid.AMXBF16):
		return "amx"
	case cpuid.CPU.Supports(cpuid.AVX512BF16):
		return "avx512_bf16"
	default:
		return ""
	}
}
