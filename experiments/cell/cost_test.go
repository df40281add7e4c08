package cell_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/internal/enginetest"
	"backfire/internal/hardware"
)

func TestCostOfTheExample(t *testing.T) {
	c := enginetest.ExampleCell()
	require.Equal(t, 48000, c.TrainingRows(2), "80 % of the pool")
	require.Equal(t, 48000*70/100, c.TrainingRows(1), "one of two attackers owns 30 %")
	require.EqualValues(t, 50*48000, c.TrainedImages())
	require.EqualValues(t, 50*1500, c.Steps())
	require.InDelta(t, 50*48000+12000*1.6/3, c.Work(), 1e-6, "probes: 40 % of the held-out images once, 60 % twice")
	wider := c
	wider.Model.Width *= 2
	require.InDelta(t, 4*c.Cost(), wider.Cost(), 1e-3*c.Cost())
}

// Segments that another training leaves a state of cost nothing.
func TestSharedSegmentsCostNothing(t *testing.T) {
	all, withoutLast := slicedCell(), slicedCell(4)
	require.Equal(t, all.ImagesFrom(0), all.TrainedImages())
	require.Equal(t, withoutLast.ImagesFrom(1), withoutLast.TrainedImages())
	require.Less(t, withoutLast.TrainedImages(), withoutLast.ImagesFrom(0))
	require.Zero(t, all.ImagesFrom(2))
}

func TestStepKindHoldsWhatDecidesTheTime(t *testing.T) {
	c := enginetest.ExampleCell()
	same := c
	same.Game.Seed, same.Training.Epochs, same.Training.LearningRate = 1, 2, 3
	require.Equal(t, c.StepKind(), same.StepKind())
	for name, change := range map[string]func(*cell.Cell){
		"width":     func(c *cell.Cell) { c.Model.Width++ },
		"image":     func(c *cell.Cell) { c.Data.Shape.H++ },
		"batch":     func(c *cell.Cell) { c.Training.Batch++ },
		"precision": func(c *cell.Cell) { c.Training.Precision = hardware.BF16 },
		"defense":   func(c *cell.Cell) { c.Defense = enginetest.DefendedCell().Defense },
	} {
		other := c
		change(&other)
		require.NotEqual(t, c.StepKind(), other.StepKind(), name)
	}
	require.Equal(t, hardware.FP32, c.Precision())
	c.Training.Precision = hardware.TF32
	require.Equal(t, hardware.TF32, c.Precision())
}

// A last batch of one row joins the one before.
func TestStepsPerEpoch(t *testing.T) {
	c := enginetest.ExampleCell() // batches of 32
	for rows, steps := range map[int]int{32: 1, 33: 1, 34: 2, 64: 2, 65: 2, 66: 3, 1: 1} {
		require.Equal(t, steps, c.StepsPerEpoch(rows), rows)
		require.Equal(t, rows, c.PassingImages(rows), rows)
	}
	require.Greater(t, enginetest.DefendedCell().PassingImages(64), 64, "adversarial training adds rows")
}

func TestPhasesAreInTheirOrder(t *testing.T) {
	require.Equal(t, []cell.Phase{"load", "deal", "stamp", "upload", "train", "evaluate"}, cell.Phases())
}
