package worker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// Both filters look at the contributed images of a trained model: what they find of an
// agent's is counted, and nothing is removed.
func TestDetections(t *testing.T) {
	plan := enginetest.NewPlan(t)
	c, ok := plan.Cell(plan.Games[len(plan.Games)-1].Cell)
	require.True(t, ok)
	job := enginetest.NewTrain(t, c)
	job.Artefacts.Detection = true
	harsh := enginetest.StackOf(t, "[{spectral_signatures: {epsilon: 0.2}}]")
	job.Artefacts.Detectors = cell.StackText(harsh)
	events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, job)
	last := events[len(events)-1]
	require.Equal(t, worker.KindDone, last.Kind, last.Error)
	record := store.Record{Dir: job.Dir}
	found, err := record.Detections()
	require.NoError(t, err)
	require.Len(t, found.Filters, 3)
	at := map[string]int{}
	for i, one := range found.Filters {
		at[one.Filter] = i
	}
	usual, harsher := found.Filters[at["spectral_signatures"]].Found.Precision.Of, found.Filters[at[cell.StackText(harsh)]].Found.Precision.Of
	require.InDelta(t, 2*usual, harsher, 10, "a share of 0.2 of each class instead of 0.1")
	require.Greater(t, harsher, usual)
	result, err := store.ReadResult(disk.In(job.Dir))
	require.NoError(t, err)
	require.Nil(t, result.Filter)
	for _, a := range result.Attackers {
		require.Equal(t, a.Poisoned, found.Of(a.ID)["spectral_signatures"].Of)
		require.Equal(t, a.Poisoned, found.Of(a.ID)["activation_clustering"].Of)
	}
	require.Positive(t, usual)
	require.Less(t, harsher, result.TrainingImages)
}
