package torchbridge

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Each GPU here has some memory left, less than it has in all; a device that is
// not here has none to speak of.
func TestFreeMemory(t *testing.T) {
	env, err := Environment()
	require.NoError(t, err)
	for i, gpu := range env.GPUs {
		free, err := FreeMemory(i)
		require.NoError(t, err)
		require.Positive(t, free)
		require.Less(t, free, gpu.Memory)
	}
	_, err = FreeMemory(len(env.GPUs))
	require.ErrorContains(t, err, "torchbridge: free memory of CUDA device ")
}
