package store

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Another kind of machine may turn the odd prediction, and that is told.
func TestVerifyOnAnotherKindOfMachine(t *testing.T) {
	e := Environment{Device: "cpu", Threads: 1, CPU: CPU{Model: "a"}, Engine: EngineInfo{Name: "libtorch", GPUs: []string{"x"}}}
	require.True(t, e.SameKind(e))
	for _, change := range []func(*Environment){
		func(o *Environment) { o.Device = "cuda:0" },
		func(o *Environment) { o.CPU.Model = "b" },
		func(o *Environment) { o.Threads = 2 },
		func(o *Environment) { o.Engine.Version = "3" },
	} {
		other := e
		change(&other)
		require.False(t, e.SameKind(other))
	}
	gpu := e
	gpu.Device = "cuda:0"
	second := gpu
	second.Device, second.CPU.Model = "cuda:1", "b"
	require.True(t, gpu.SameKind(second))
	second.Engine.GPUs = []string{"y"}
	require.False(t, gpu.SameKind(second))
}
