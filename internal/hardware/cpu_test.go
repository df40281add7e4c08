package hardware_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/hardware"
)

func TestCPUBF16IsOneOfTheDocumentedNames(t *testing.T) {
	require.Contains(t, []string{"", "avx512_bf16", "amx"}, hardware.CPUBF16())
}
