package engine

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// A worker is killed by the thread that writes a checkpoint, while the training goes on, and the
// result is that of a training without an interruption.
func TestKilledWhileACheckpointIsWritten(t *testing.T) {
	c := tinyPlan(t).Cells[2]
	c.Model.Width, c.Training.Epochs = 4, 4
	want := trainedWeights(t, []cell.Cell{c}, 1, 1, 1, 1)
	store, err := store.Open(t.TempDir())
	require.NoError(t, err)
	marker := filepath.Join(t.TempDir(), "killed")
	r := &runner.Runner{
		Store: store, Artefacts: keepModels, Workers: 1, Threads: 1, Device: "cpu",
		Command: testEngine(killDraft+"=2", killMarker+"="+marker),
	}
	outcome, err := r.Run(context.Background(), []cell.Cell{c})
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 1, Trained: 1}, outcome)
	require.FileExists(t, marker)
	require.Equal(t, want, storedWeights(t, store, []cell.Cell{c}))
}

// A model whose images were prepared while another one trained has the same weights and predictions.
func TestPreparedModelIsTheSame(t *testing.T) {
	cells := tinyPlan(t, "model.width=4", "train.epochs=2").Cells
	files := func(job worker.Train, before ...worker.Request) (all []string) {
		job.Artefacts = keepModels
		events := enginetest.Work(t, &worker.Worker{Engine: LibTorch{}, Load: loadTiny}, append(before, job)...)
		require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		for _, name := range []string{store.ModelFile, store.PredictionsFile} {
			content, err := os.ReadFile(filepath.Join(job.Dir, name))
			require.NoError(t, err)
			all = append(all, string(content))
		}
		return all
	}
	want := files(enginetest.NewTrain(t, cells[1]))
	require.Equal(t, want, files(enginetest.NewTrain(t, cells[1]), enginetest.NewTrain(t, cells[0]), worker.Prepare{Cell: cells[1], Place: 1}))
}
