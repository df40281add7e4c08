package worker

import (
	"context"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/npz"
)

// Checkpoint is a checkpoint as the contract's tests see it.
type Checkpoint = checkpoint

// Only the worker writes and reads checkpoints; tests damage them.
var ExampleCheckpoint = exampleCheckpoint

// ReadCheckpoint reads the checkpoint of the cell called hash at a path.
func ReadCheckpoint(path, hash string, here store.Machine) (*Checkpoint, error) {
	return readCheckpoint(sourceAt(path, hash), here)
}

// WriteCheckpoint writes a checkpoint to a path, by way of a directory.
func WriteCheckpoint(path, dir string, c Checkpoint) error {
	return writeCheckpoint(sourceAt(path, ""), dir, c, func() {})
}

// Of returns the checkpoint as one of a cell and a machine.
func (c checkpoint) Of(cell string, machine store.Machine) checkpoint {
	c.cell, c.machine = cell, machine
	return c
}

// State returns the state in the checkpoint.
func (c checkpoint) State() State { return c.state }

// Epochs returns the number of epochs that the checkpoint was taken after.
func (c checkpoint) Epochs() int { return len(c.epochs) }

// Prepared returns the hashes of the cells that the worker's process has prepared, by place, once all
// preparations have ended.
func (w *Worker) Prepared() map[int]string {
	all := map[int]string{}
	w.prepared.mu.Lock()
	defer w.prepared.mu.Unlock()
	for place, p := range w.prepared.at {
		w.prepared.mu.Unlock()
		<-p.ended
		w.prepared.mu.Lock()
		if p.deal != nil {
			all[place] = p.hash
		}
	}
	return all
}

// DealOf deals the game of a cell from the worker's cache.
func (w *Worker) DealOf(ctx context.Context, c cell.Cell, source datasets.Source) (*Deal, error) {
	cache, err := w.gameCache(ctx, c, source)
	if err != nil {
		return nil, err
	}
	return newDeal(c, cache)
}

// Arrays returns the arrays of store.TrainingFile.
func (d *Deal) Arrays() []npz.Array { return d.arrays() }
