package estimate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/hardware"
)

func TestBF16HasToBeClearlyFaster(t *testing.T) {
	require.Equal(t, hardware.FP32, faster(100, 109))
	require.Equal(t, hardware.FP32, faster(100, 50))
	require.Equal(t, hardware.BF16, faster(100, 111))
}
