package worker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// Both filters look at the contributed images of a trained model: what they find of an
// agent's is counted, and nothing is removed.
func TestDetections(t *testing.T) {
	plan := enginetest.NewPlan(t)
	cell, ok := plan.Cell(plan.Games[len(plan.Games)-1].Cell)
	require.True(t, ok)
	job := enginetest.NewTrain(t, cell)
	job.Artefacts.Detection = true
	events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, job)
	last := events[len(events)-1]
	require.Equal(t, worker.KindDone, last.Kind, last.Error)
	record := store.Record{Dir: job.Dir}
	found, err := record.Detections()
	require.NoError(t, err)
	require.Len(t, found.Filters, 2)
	require.Equal(t, "spectral_signatures", found.Filters[0].Filter)
	require.Equal(t, "activation_clustering", found.Filters[1].Filter)
	result, err := store.ReadResult(disk.In(job.Dir))
	require.NoError(t, err)
	require.Nil(t, result.Filter)
	for _, a := range result.Attackers {
		require.Equal(t, a.Poisoned, found.Of(a.ID)["spectral_signatures"].Of)
		require.Equal(t, a.Poisoned, found.Of(a.ID)["activation_clustering"].Of)
	}
	removed := found.Filters[0].Found.Precision.Of
	require.Positive(t, removed)
	require.Less(t, removed, result.TrainingImages)
}
