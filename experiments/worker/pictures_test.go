package worker_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/enginetest"
	"backfire/triggers"
)

// A cell contains the pixels of a picture, not its path: a worker needs no file, and the same
// picture in another file makes the same cell.
func TestPicturesArePartOfTheCell(t *testing.T) {
	black, white := enginetest.PictureFile(t, "a.png", 8, 0), enginetest.PictureFile(t, "b.png", 8, 255)
	plan := enginetest.DefendedPlan(t, enginetest.Pictured(t, black, white))
	cell, _ := plan.Cell(plan.Games[0].Cell)
	spec := cell.Game.Attackers[0].Trigger
	require.Equal(t, triggers.Spec{Kind: triggers.Picture, Pixels: spec.Pixels}, spec)
	g, training, _ := enginetest.TrainingOf(t, cell)
	require.Equal(t, 4, g.Triggers()[0].Pixels(), "black pixels are part of it")
	for i, row := range training.Rows {
		if row.Trigger == 0 {
			require.Equal(t, []uint8{0, 0}, training.Images[64*i:64*i+2])
		}
	}

	elsewhere := enginetest.DefendedPlan(t, enginetest.Pictured(t, enginetest.PictureFile(t, "c.png", 8, 0), white))
	require.Equal(t, plan.Games, elsewhere.Games, "the same pixels from another file")
	other := enginetest.DefendedPlan(t, enginetest.Pictured(t, enginetest.PictureFile(t, "a.png", 8, 1), white))
	require.NotEqual(t, plan.Games[0].Cell, other.Games[0].Cell)

	for _, file := range []string{black, white} {
		require.NoError(t, os.Remove(file))
	}
	var result store.Result
	require.NoError(t, store.ReadJSON(filepath.Join(enginetest.TrainCell(t, enginetest.Engine{}, cell), store.ResultFile), &result))
	require.Equal(t, "image", result.Readings.TriggerKind)
	require.Equal(t, g.Triggers()[1].ID(), result.Attackers[1].Trigger)
}
