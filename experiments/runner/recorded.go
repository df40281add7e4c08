package runner

import (
	"context"
	"fmt"
	"time"

	"backfire/experiments/plan"
	"backfire/experiments/store"
)

// recorded is a sweep that notes in the store which cells it asks for, so that garbage collection
// spares their states and checkpoints.
type recorded struct {
	*plan.Sweep
	write func(store.OpenRun) error
	note  store.OpenRun
}

// newRecorded returns the sweep as the workload of a run that a command started.
func newRecorded(ctx context.Context, sweep *plan.Sweep, st *store.Store, command string) (*recorded, error) {
	hash, err := sweep.Hash()
	if err != nil {
		return nil, err
	}
	return &recorded{
		Sweep: sweep, note: store.OpenRun{Format: store.OpenRunFormat, Sweep: hash, Command: command, Begun: time.Now().UTC()},
		write: func(note store.OpenRun) error {
			data, err := store.EncodeJSON(note)
			if err != nil {
				return fmt.Errorf("runner: encode %s: %w", store.OpenFile, err)
			}
			_, err = st.WritePlanFile(ctx, hash, store.OpenFile, data)
			return err
		},
	}, nil
}

// Worklist returns the sweep's worklist. It first notes the cells that no earlier worklist
// asked for.
func (r *recorded) Worklist(known plan.Known) (*plan.Worklist, error) {
	worklist, err := r.Sweep.Worklist(known)
	if err != nil {
		return nil, err
	}
	noted := map[string]bool{}
	for _, cell := range r.note.Cells {
		noted[cell.Cell] = true
	}
	more := false
	for _, task := range worklist.Tasks {
		if noted[task.Hash] {
			continue
		}
		cell := store.OpenCell{Cell: task.Hash}
		if cell.States, err = task.Cell.GoesOnFrom(); err != nil {
			return nil, err
		}
		r.note.Cells, more = append(r.note.Cells, cell), true
	}
	if !more {
		return worklist, nil
	}
	return worklist, r.write(r.note)
}

// End removes the note of RunSweep: the sweep's models are all stored, and its summary names them.
// Without a note it does nothing.
func End(sweep *plan.Sweep, st *store.Store) error {
	hash, err := sweep.Hash()
	if err != nil {
		return err
	}
	if err := st.ForgetRun(hash); err != nil {
		return fmt.Errorf("runner: end run: %w", err)
	}
	return nil
}
