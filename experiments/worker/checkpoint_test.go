package worker_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// A complete checkpoint of the cell whose state the engine does not accept is discarded, too.
func TestCheckpointThatDoesNotFitMeansStartingOver(t *testing.T) {
	cell := enginetest.NewPlan(t).Cells[0]
	hash, err := cell.Hash()
	require.NoError(t, err)
	job := enginetest.NewTrain(t, cell)
	job.Checkpoint = filepath.Join(t.TempDir(), store.CheckpointFile)
	info, err := enginetest.Engine{}.Describe(job.Device)
	require.NoError(t, err)
	strange := worker.ExampleCheckpoint()
	strange = strange.Of(hash, store.NewEnvironment(job.Device, job.Threads, job.Cell.Precision(), store.Build{}, info).Machine())
	require.NoError(t, worker.WriteCheckpoint(job.Checkpoint, job.Dir, strange))
	events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, job)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind)
	require.Len(t, enginetest.ReadCSV(t, filepath.Join(job.Dir, store.MetricsFile)), 1+3)
}

func TestTidySparesCheckpointsOfCellsThatAreNotStored(t *testing.T) {
	st := enginetest.OpenStore(t)
	stored := enginetest.StoreCell(t, st)
	for _, cell := range []string{stored, "unfinished"} {
		dead := filepath.Join(st.Dir(), ".work", cell, "attempt")
		require.NoError(t, os.MkdirAll(dead, disk.DirMode))
		require.NoError(t, worker.WriteCheckpoint(filepath.Join(filepath.Dir(dead), store.CheckpointFile), dead, worker.ExampleCheckpoint()))
		require.NoError(t, os.WriteFile(filepath.Join(dead, store.ResultFile), nil, disk.FileMode))
	}
	require.NoError(t, st.Tidy())
	enginetest.RequireNoLeftovers(t, st, "unfinished")
	claim, err := st.Claim("unfinished")
	require.NoError(t, err)
	path, err := claim.Checkpoint()
	require.NoError(t, err)
	require.FileExists(t, path)
	require.NoError(t, claim.Release())
	enginetest.RequireNoLeftovers(t, st, "unfinished")
}
