package worker

import (
	"context"

	"backfire/experiments/store"
	"backfire/internal/npz"
)

// Checkpoint is a checkpoint as the tests of the contract see it.
type Checkpoint = checkpoint

// Checkpoints are written and read by the worker alone; tests damage them.
var (
	ExampleCheckpoint = exampleCheckpoint
	ReadCheckpoint    = readCheckpoint
	WriteCheckpoint   = writeCheckpoint
	PictureOf         = pictureOf
)

// Of returns the checkpoint as one of a cell and a machine.
func (c checkpoint) Of(cell string, by store.Machine) checkpoint {
	c.cell, c.maker = cell, by
	return c
}

// State returns the state in the checkpoint.
func (c checkpoint) State() State { return c.state }

// GameCacheOf returns the game of a job, dealt or kept.
func (w *Worker) GameCacheOf(ctx context.Context, job Job) (*GameCache, error) {
	return w.gameCache(ctx, job)
}

// Arrays returns the arrays of TrainingFile.
func (p *Session) Arrays() []npz.Array { return p.arrays() }
