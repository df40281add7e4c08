package runner

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWorkersPerProcess(t *testing.T) {
	require.Equal(t, 1, PerProcess("cpu", 7))
	require.Equal(t, 7, PerProcess("cuda:1", 7))
	require.Equal(t, maxPerProcess, PerProcess("cuda:0", maxPerProcess))
	require.Equal(t, 17, PerProcess("cuda:0", 33), "17 and 16")
}
