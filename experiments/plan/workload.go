package plan

import (
	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/store"
)

// Workload returns the cells that a run needs. *Sweep is one.
type Workload interface {
	// Worklist returns the cells that are needed, given the results that are known.
	Worklist(Known) (*Worklist, error)
}

// fixed is the workload of cells that are all known from the start.
type fixed struct {
	worklist *Worklist
}

// FixedWorklist returns the workload that has the same worklist whatever is stored.
func FixedWorklist(worklist *Worklist) Workload { return fixed{worklist} }

// NewFixed returns the workload of distinct cells of one dataset, whose images lie in source. The error is that
// of cell.Cell.Hash.
func NewFixed(cells []cell.Cell, source datasets.Source, artefacts store.Artefacts) (Workload, error) {
	worklist := &Worklist{}
	for _, c := range cells {
		hash, err := c.Hash()
		if err != nil {
			return nil, err
		}
		t := newTask(c, hash, source)
		t.Artefacts = artefacts
		worklist.Tasks = append(worklist.Tasks, t)
	}
	markSavedStates(worklist.Tasks)
	return fixed{worklist}, nil
}

// Worklist returns the same worklist for all known results.
func (f fixed) Worklist(Known) (*Worklist, error) { return f.worklist, nil }

// ResultReader looks results up in a store.
type ResultReader interface {
	// Lookup returns what plans depend on of the result of the cell called hash, and whether it is stored. If
	// decides is false nothing depends on the result itself, which may be left unread then.
	Lookup(hash string, decides bool) (result KnownResult, stored bool, err error)
	// Complete reports whether the cell of a task is stored with all artefacts that the task requests.
	Complete(t *Task) (bool, error)
}

// Resolve returns the worklist of a workload, given everything that is stored. It looks results up until they
// add no more tasks, and adds them to known. The errors are those of the workload and of the reader.
func Resolve(w Workload, results ResultReader, known Known) (*Worklist, error) {
	for {
		worklist, err := w.Worklist(known)
		if err != nil {
			return nil, err
		}
		more, decisive := false, worklist.Decisive()
		for i := range worklist.Tasks {
			t := &worklist.Tasks[i]
			if _, ok := known[t.Hash]; ok || t.Waits {
				continue
			}
			result, stored, err := results.Lookup(t.Hash, decisive[t.Hash])
			if err != nil {
				return nil, err
			}
			if stored {
				known[t.Hash] = result
				more = true
			}
		}
		if !more {
			return worklist, nil
		}
	}
}
