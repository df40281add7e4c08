package enginetest

import (
	"errors"
	"os/exec"
	"testing"

	"github.com/klauspost/cpuid/v2"
	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/store"
)

// noWorkers is a Command for whoever needs no worker.
func NoWorkers() (*exec.Cmd, error) { return nil, errors.New("no worker is needed") }

// storeTiming stores a made-up result with a speed.
func StoreTiming(t *testing.T, st *store.Store, cell cell.Cell, speed float64, change func(*store.Environment)) {
	t.Helper()
	hash, err := cell.Hash()
	require.NoError(t, err)
	claim, err := st.Claim(hash)
	require.NoError(t, err)
	dir, err := claim.Dir()
	require.NoError(t, err)
	environment := store.Environment{Device: "cpu", Threads: 1, CPU: store.CPU{Model: cpuid.CPU.BrandName}, Engine: store.EngineInfo{Name: "fake"}}
	if change != nil {
		change(&environment)
	}
	require.NoError(t, store.ResultFiles{
		Cell: cell, Environment: environment,
	}.Write(dir))
	require.NoError(t, claim.Commit(store.Result{Format: store.ResultFormat, Cell: hash, Provenance: store.Provenance{Timing: store.Timing{ImagesPerSecond: speed}}}))
	require.NoError(t, claim.Release())
}
