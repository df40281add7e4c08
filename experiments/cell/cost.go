package cell

import (
	"cmp"
	"math"

	"backfire/defenses"
	"backfire/defenses/repair"
	"backfire/internal/hardware"
	"backfire/triggers"
)

// StepKind holds everything that the time of a training step depends on, for one machine. It can be the key
// of a map.
type StepKind struct {
	Network   string // architecture and stem; empty for the ResNet-18 with the stem for small images
	Width     int
	Image     triggers.Shape
	Batch     int
	Defense   string // the defenses that change batches, with all settings; empty for none
	Precision string // as Training.Precision
	Kernels   string // as Training.Kernels
}

// StepKind returns the kind of the cell's training steps.
func (c Cell) StepKind() StepKind {
	return StepKind{Network: c.Model.other(), Width: c.Model.Width, Image: c.Data.Shape, Batch: c.Training.Batch, Defense: c.batchDefense(), Precision: c.Training.Precision, Kernels: c.Training.Kernels}
}

// Precision returns the arithmetic of the cell's training and predictions: hardware.FP32, TF32 or BF16.
func (c Cell) Precision() string { return cmp.Or(c.Training.Precision, hardware.FP32) }

// TrainedImages returns about the number of images that pass through the training step, the measure of the
// cost of a cell: the deal may round by a few images per epoch. With Training.StopWhen it is the largest
// possible number. It leaves out segments whose final state
// another cell saves.
func (c Cell) TrainedImages() int64 {
	return c.ImagesFrom(c.firstOwnSegment())
}

// ImagesFrom returns about the number of images that pass through the training step in the segments from
// first on.
func (c Cell) ImagesFrom(first int) int64 {
	var images int64
	c.eachSegment(first, func(rows, epochs int) { images += int64(c.PassingImages(rows)) * int64(epochs) })
	return images
}

// firstOwnSegment returns the first of the segments whose final state no other cell saves. For an attribution
// and a repair, whose base trains all of them, it lies behind the last.
func (c Cell) firstOwnSegment() int {
	if c.Takes() {
		return math.MaxInt
	}
	return c.SharedSegments()
}

// eachSegment calls visit with about the rows and the epochs of each segment from first on. A cell whose
// segments cannot be trained has none.
func (c Cell) eachSegment(first int, visit func(rows, epochs int)) {
	segments, err := c.Segments()
	if err != nil {
		return
	}
	for _, s := range segments[min(first, len(segments)):] {
		visit(c.TrainingRows(len(s.Agents)), s.End-s.First)
	}
}

// TrainingRows returns about the number of rows of a training set with the images of the defender, unless the
// cell's defense leaves them out, and of that many of the game's other agents.
func (c Cell) TrainingRows(agents int) int {
	rows := float64(c.Game.PoolSize) * (1 - c.Game.HeldOut)
	if out := c.Game.SeatCount() - agents; out > 0 {
		rows *= 1 - (1-c.Game.DefenderShare)*float64(out)/float64(c.Game.SeatCount())
	}
	if c.withoutOwn() {
		rows -= float64(c.Game.PoolSize) * (1 - c.Game.HeldOut) * c.Game.DefenderShare
	}
	return int(rows)
}

// Steps returns the number of optimiser steps that the cell trains itself, give or take one per epoch.
func (c Cell) Steps() int64 {
	var steps int64
	batch := c.Training.Batch
	c.eachSegment(c.firstOwnSegment(), func(rows, epochs int) { steps += int64(epochs) * int64((rows+batch-1)/batch) })
	return steps
}

// Work returns the cost of a cell in images through the training step, predictions included. A prediction is
// a forward pass, a third of a step; every held-out image is predicted, and the attackers' once more with
// their triggers.
func (c Cell) Work() float64 {
	heldOut := float64(c.Game.PoolSize) * c.Game.HeldOut
	stamped := (1 - c.Game.DefenderShare) * float64(len(c.Game.Attackers)) / float64(c.Game.SeatCount())
	probes := heldOut * (1 + stamped)
	work := float64(c.TrainedImages()) + probes/3
	if r, _, ok := defenses.Find[repair.Repair](c.DefenseStack()); ok {
		own := float64(c.Game.PoolSize) * c.Game.DefenderShare * (1 - c.Game.HeldOut)
		work += float64(r.Passes(int(own), c.Training.Batch))
	}
	if segments, err := c.Segments(); err == nil {
		work += float64(c.RetrainedImages(c.TrainingRows(len(segments[0].Agents))))
	}
	if c.Attribution != nil {
		each := float64(c.UnlearnedImages()) + probes/3
		agents := c.Game.SeatCount()
		work += (float64(c.TrainingRows(agents))+probes)/3 + each*float64(agents) // features of rows and probes
	}
	return work
}

// Cost returns a number that is about proportional to the time that a cell takes: images through the training
// step, times the cost of one image, which is about quadratic in the width.
func (c Cell) Cost() float64 {
	width := float64(c.Model.Width)
	relative := 1.0
	if c.Model.other() != "" {
		width = max(width, 1) // of a module
		paper := c
		paper.Model = Model{Architecture: ResNet18, Width: int(width)}
		h, w := c.Data.Shape.H, c.Data.Shape.W
		relative = float64(c.Network().Size(h, w).Products) / float64(max(1, paper.Network().Size(h, w).Products))
	}
	return c.Work() * width * width * float64(c.Data.Shape.Plane()) * relative
}

// Foreign reports whether something other than the engine's own kernels computes the cell's model, whatever the device
// and the precision: they know the ResNet-18 with the stem for small images, and no other network. A program that
// answers in place of a model is foreign, too.
func (c Cell) Foreign() bool {
	return c.Model.other() != "" || c.DefenseStack().Settings(defenses.KindExec) != nil
}

// Native reports whether, on a CPU, the engine's own kernels alone compute the cell's model, which give the same bits
// on every processor and with any number of threads.
func (c Cell) Native() bool {
	return !c.Foreign() && c.Precision() == hardware.FP32 && c.Training.Kernels == ""
}

// other returns architecture and stem of a network other than the ResNet-18 with the stem for small images.
func (m Model) other() string {
	if m.Architecture == ResNet18 && m.Stem == "" {
		return ""
	}
	return m.Architecture + m.Stem + m.Module.SHA256
}
