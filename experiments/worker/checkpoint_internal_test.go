package worker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/hardware"
	"backfire/internal/safetensors"
)

func exampleCheckpoint() checkpoint {
	return checkpoint{
		cell:    strings.Repeat("ab", 32),
		machine: store.NewEnvironment("cuda:1", 2, hardware.FP32, store.Build{}, store.EngineInfo{Name: "fake", GPUs: []string{"one", "one"}}).Machine(),
		epochs: []store.EpochMetrics{
			{Epoch: 1, Loss: 1.0 / 3, TrainAccuracy: 0.1, LearningRate: 0.3, Seconds: 1.5, ImagesPerSecond: 7},
			{Epoch: 2, Loss: 1e-17, TrainAccuracy: 1, LearningRate: 0.1, Seconds: 2.5, ImagesPerSecond: 8},
		},
		state: State{
			Step:      40,
			Model:     []safetensors.Tensor{{Name: "w", Shape: []int64{2, 1}, Values: []float32{1.5, -3}}, {Name: "b", Values: []float32{0}}},
			Optimizer: []safetensors.Tensor{{Name: "w", Shape: []int64{2, 1}, Values: []float32{0.25, 9}}},
		},
	}
}

// saved writes the example and returns its path.
func saved(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kept", store.CheckpointFile)
	require.NoError(t, os.Mkdir(filepath.Dir(path), disk.DirMode))
	require.NoError(t, writeCheckpoint(sourceAt(path, ""), t.TempDir(), exampleCheckpoint(), func() {}))
	return path
}

func TestCheckpointIsReadAsItWasWritten(t *testing.T) {
	written := exampleCheckpoint()
	c, err := readCheckpoint(sourceAt(saved(t), written.cell), written.machine)
	require.NoError(t, err)
	require.Equal(t, &written, c)
}

func TestNoCheckpoint(t *testing.T) {
	_, err := readCheckpoint(sourceAt(filepath.Join(t.TempDir(), store.CheckpointFile), ""), store.Machine{})
	require.ErrorIs(t, err, errNoCheckpoint)
}

func TestCheckpointOfOthersIsRefused(t *testing.T) {
	path, own := saved(t), exampleCheckpoint()
	for says, tc := range map[string]struct {
		cell    string
		machine store.Machine
	}{
		"of cell abab":   {strings.Repeat("cd", 32), own.machine},
		"another engine": {own.cell, store.NewEnvironment("cuda:0", 2, hardware.FP32, store.Build{}, store.EngineInfo{Name: "other"}).Machine()},
		"kind of device": {own.cell, store.NewEnvironment("cpu", 2, hardware.FP32, store.Build{}, own.machine.Engine).Machine()},
		"other threads":  {own.cell, store.NewEnvironment("cuda:0", 1, hardware.FP32, store.Build{}, own.machine.Engine).Machine()},
	} {
		_, err := readCheckpoint(sourceAt(path, tc.cell), tc.machine)
		require.ErrorIs(t, err, errCheckpoint)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, path)
	}
	_, err := readCheckpoint(sourceAt(path, own.cell), store.NewEnvironment("cuda:0", 2, hardware.FP32, store.Build{}, own.machine.Engine).Machine())
	require.NoError(t, err, "another GPU of the same machine")
}

// Each length and each single bit counts.
func TestDamagedCheckpointIsRefused(t *testing.T) {
	path, own := saved(t), exampleCheckpoint()
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	refused := func(data []byte, what string, at int) {
		require.NoError(t, os.WriteFile(path, data, disk.FileMode))
		_, err := readCheckpoint(sourceAt(path, own.cell), own.machine)
		require.ErrorIs(t, err, errCheckpoint, "%s at %d", what, at)
		require.ErrorContains(t, err, path)
	}
	for at := range whole {
		refused(whole[:at], "cut", at)
		damaged := append([]byte{}, whole...)
		damaged[at] ^= 1 << (at % 8)
		refused(damaged, "flipped", at)
	}
	refused(append(whole, 0), "longer", len(whole))
}
