package engine

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// A training that its loss ends early stops after the same epoch with the same bits
// whether or not it was interrupted, here before that very epoch.
func TestEarlyStoppingIsTheSameAfterAnInterruption(t *testing.T) {
	cell := tinyPlan(t, "train.epochs=8", "train.lr=0.05").Cells[0]
	cell.Model.Width, cell.Training.StopWhen = 4, "loss < 0.5 for 2 epochs"
	read := func(dir string) (result store.Result) {
		readJSON(t, filepath.Join(dir, store.ResultFile), &result)
		return result
	}
	want := read(played(t, cell))
	require.Greater(t, want.EpochsTrained, 2)
	require.Less(t, want.EpochsTrained, 8)
	require.Less(t, want.FinalLoss, 0.5)
	require.Equal(t, want.EpochsTrained*320/16, want.StepsTrained)

	request := enginetest.NewTrain(t, cell)
	request.Checkpoint = filepath.Join(t.TempDir(), "checkpoint.safetensors")
	events := work(t, striking{LibTorch{}, want.EpochsTrained, func() error { return errors.New("no luck") }}, request)
	require.Equal(t, worker.KindFailed, events[len(events)-1].Kind)
	request.Dir = t.TempDir()
	events = work(t, LibTorch{}, request)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	require.Equal(t, want.Digest, read(request.Dir).Digest)
}
