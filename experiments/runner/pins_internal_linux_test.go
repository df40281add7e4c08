package runner

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"backfire/internal/enginetest"
)

// A worker process has the cores that it is given, and this process keeps its own.
func TestProcessIsPinned(t *testing.T) {
	cores := allowedCores()
	require.NotEmpty(t, cores)
	last := cores[len(cores)-1:]
	command, err := enginetest.Command(enginetest.Fault{})()
	require.NoError(t, err)
	p, err := StartProcess(command, last)
	require.NoError(t, err)
	defer p.Close()
	var set unix.CPUSet
	require.NoError(t, unix.SchedGetaffinity(p.cmd.Process.Pid, &set))
	require.Equal(t, 1, set.Count())
	require.True(t, set.IsSet(last[0]))
	require.Equal(t, cores, allowedCores())
}
