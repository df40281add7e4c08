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
	require.Equal(t, last, coresOf(t, p))
	require.Equal(t, cores, allowedCores())
}

// coresOf returns the cores that a process may run on, in ascending order.
func coresOf(t *testing.T, p *Process) []int {
	t.Helper()
	var set unix.CPUSet
	require.NoError(t, unix.SchedGetaffinity(p.cmd.Process.Pid, &set))
	var cores []int
	for core := 0; len(cores) < set.Count(); core++ {
		if set.IsSet(core) {
			cores = append(cores, core)
		}
	}
	return cores
}

// A process is kept to its part of the cores: to all of them once it trains alone.
func TestProcessIsSpread(t *testing.T) {
	cores := allowedCores()
	if len(cores) < 2 {
		t.Skip("one core cannot be divided")
	}
	command, err := enginetest.Command(enginetest.Fault{})()
	require.NoError(t, err)
	p, err := StartProcess(command, cores[:1])
	require.NoError(t, err)
	defer p.Close()
	shares := newCoreShares(&Runner{Device: "cpu", Cores: len(cores), Threads: 1}, 2)
	shares.begin(2, p, nativeCell(32))
	require.Equal(t, cores[len(cores)/2:], coresOf(t, p))
	shares.rest(1)
	require.Equal(t, cores, coresOf(t, p))
	require.Equal(t, cores, allowedCores(), "this process keeps its own")
}
