package torchbridge

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEnvironment(t *testing.T) {
	env, err := Environment()
	require.NoError(t, err)
	require.Equal(t, LibtorchVersion, env.Version)
	require.Positive(t, env.Threads)
	require.NotEmpty(t, env.CPUCapability)
}
