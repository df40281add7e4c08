package buildinfo

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThis(t *testing.T) {
	build := This()
	require.Equal(t, "dev", build.Version)
	require.Contains(t, build.Go, runtime.Version())
	require.Empty(t, build.Gotch, "this test links no libtorch")
}
