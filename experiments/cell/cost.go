package cell

import (
	"cmp"

	"backfire/internal/hardware"
	"backfire/triggers"
)

// shape is what the time of a training step depends on.
type StepKind struct {
	Width int
	Image triggers.Shape
	Batch int
	// defense is what is done to batches, see Cell.batchDefense.
	Defense   string
	Precision string
}

func (c Cell) StepKind() StepKind {
	return StepKind{Width: c.Model.Width, Image: c.Data.Shape, Batch: c.Training.Batch, Defense: c.batchDefense(), Precision: c.Training.Precision}
}

// steps is the number of optimiser steps of a cell, give or take one per epoch.
func (c Cell) Steps() int64 {
	var steps int64
	batch := c.Training.Batch
	c.eachSegment(c.firstOwnSegment(), func(rows, epochs int) { steps += int64(epochs) * int64((rows+batch-1)/batch) })
	return steps
}

// work is what a cell costs in images through the training step. A prediction
// is a forward pass, a third of a step; every held-out image is predicted, and
// the attackers' once more with their triggers.
func (c Cell) Work() float64 {
	heldOut := float64(c.Game.PoolSize) * c.Game.HeldOut
	probes := heldOut * (c.Game.DefenderShare + 2*(1-c.Game.DefenderShare))
	work := float64(c.TrainedImages()) + probes/3
	if c.Attribution != nil {
		each := float64(c.UnlearnedImages()) + probes/3
		work += (float64(c.TrainingRows(len(c.Game.Attackers)))+probes)/3 + each*float64(len(c.Game.Attackers)) // features of rows and probes
	}
	return work
}

// Precision is the arithmetic of the cell's training and predictions:
// hardware.FP32, TF32 or BF16.
func (c Cell) Precision() string { return cmp.Or(c.Training.Precision, hardware.FP32) }

// cost is about proportional to the time that a cell takes: images through the
// training step, times what one costs, about quadratic in the width.
func (c Cell) Cost() float64 {
	width := float64(c.Model.Width)
	return c.Work() * width * width * float64(c.Data.Shape.Plane())
}
