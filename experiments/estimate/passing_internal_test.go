package estimate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// Rows that a defense adds to batches count as images through the training step.
func TestPassingImages(t *testing.T) {
	cfg := enginetest.DefendedConfig(t, "pgd", "cutmix", "adversarial_triggers")
	plan := enginetest.DefendedPlan(t, cfg)
	want := map[string]int{"pgd": 640, "cutmix": 320, "adversarial_triggers": 480}
	for _, defender := range plan.Games[1].Defenders {
		cell, _ := plan.Cell(defender.Models[0])
		require.Equal(t, want[defender.Name], cell.PassingImages(320), defender.Name)
		require.Equal(t, 2*int64(want[defender.Name]), cell.TrainedImages(), defender.Name)
		require.Equal(t, int64(2*320/16), cell.Steps())
		events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, enginetest.NewTrain(t, cell))
		for _, e := range events {
			if e.Kind == worker.KindStarted || e.Kind == worker.KindEpoch {
				require.Equal(t, want[defender.Name], e.Images)
			}
		}
	}
	cell, _ := plan.Cell(plan.Games[1].Defenders[0].Models[0])
	require.Equal(t, 2*33, cell.PassingImages(33), "a last row joins the batch before")
	require.Equal(t, 2*35, cell.PassingImages(35))
	other := cell
	other.Defense = nil
	require.NotEqual(t, other.StepKind(), cell.StepKind(), "its steps take another time")
	require.Greater(t, workerMemory(cell), workerMemory(other))
}
