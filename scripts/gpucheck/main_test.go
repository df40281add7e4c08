package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/torchbridge"
)

// On the CPU, where nothing is recorded, the trainings are those of a GPU.
func TestTrainings(t *testing.T) {
	alone, err := trained(job{device: "cpu", width: 1, steps: 2})
	require.NoError(t, err)
	require.Equal(t, 4, alone.state.Step)
	both, err := together(2, job{device: "cpu", width: 1, steps: 2})
	require.NoError(t, err)
	for _, one := range both {
		require.Equal(t, alone.state, one.state)
		require.Positive(t, one.seconds)
	}
	_, err = together(2, job{device: "cpu", width: 0, steps: 2})
	require.ErrorIs(t, err, torchbridge.ErrOptions)
}

func TestSkipsWithoutGPU(t *testing.T) {
	var out, errOut bytes.Buffer
	require.NoError(t, run([]string{"-steps", "8", "-models", "2"}, &out, &errOut))
	if _, err := gpu(); err != nil {
		require.Empty(t, out.String())
		require.Contains(t, errOut.String(), "gpu-check: skipped: ")
		return
	}
	var result outcome
	require.NoError(t, json.Unmarshal(out.Bytes(), &result))
	require.True(t, result.SameBits && result.SideBySide)
}
