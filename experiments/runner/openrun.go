package runner

import (
	"context"
	"time"

	"backfire/experiments/plan"
	"backfire/experiments/store"
)

// noting is a sweep whose stages are noted in the store as what it asks for.
type recorded struct {
	*plan.Sweep
	write func(store.OpenRun) error
	note  store.OpenRun
}

// newNoting returns the sweep as the agenda of a run that a command began.
func newRecorded(ctx context.Context, sweep *plan.Sweep, st *store.Store, command string) (*recorded, error) {
	hash, err := sweep.Hash()
	if err != nil {
		return nil, err
	}
	return &recorded{
		Sweep: sweep, note: store.OpenRun{Sweep: hash, Command: command, Begun: time.Now().UTC()},
		write: func(note store.OpenRun) error { return st.NoteRun(ctx, note) },
	}, nil
}

// Stage is that of the sweep. Cells that no stage before asked for are noted first.
func (n *recorded) Worklist(found plan.Known) (*plan.Worklist, error) {
	stage, err := n.Sweep.Worklist(found)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, cell := range n.note.Cells {
		known[cell.Cell] = true
	}
	more := false
	for _, want := range stage.Tasks {
		if known[want.Hash] {
			continue
		}
		cell := store.OpenCell{Cell: want.Hash}
		if cell.States, err = want.Cell.GoesOnFrom(); err != nil {
			return nil, err
		}
		n.note.Cells, more = append(n.note.Cells, cell), true
	}
	if !more {
		return stage, nil
	}
	return stage, n.write(n.note)
}

// End removes the note of the sweep as an open run: its models are all stored, and
// its summary names them.
func End(s *plan.Sweep, store *store.Store) error {
	hash, err := s.Hash()
	if err != nil {
		return err
	}
	return store.ForgetRun(hash)
}
