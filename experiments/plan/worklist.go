package plan

import (
	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/store"
)

// agenda says what a run is to do, given what is done.
type Workload interface {
	Worklist(Known) (*Worklist, error)
}

// list is the agenda of cells that are all known from the start.
type fixed struct {
	worklist *Worklist
}

// FixedWorklist returns the workload that has the same worklist whatever is stored.
func FixedWorklist(worklist *Worklist) Workload { return fixed{worklist} }

// NewFixed returns the workload of distinct cells of one dataset, whose images lie in
// source. The error is that of Cell.Hash.
func NewFixed(cells []cell.Cell, source datasets.Source, artefacts store.Artefacts) (Workload, error) {
	stage := &Worklist{}
	for _, cell := range cells {
		hash, err := cell.Hash()
		if err != nil {
			return nil, err
		}
		want := newTask(cell, hash, source)
		want.Artefacts = artefacts
		stage.Tasks = append(stage.Tasks, want)
	}
	leave(stage.Tasks)
	return fixed{stage}, nil
}

// Stage is the same whatever is found.
func (l fixed) Worklist(Known) (*Worklist, error) { return l.worklist, nil }

// finder says what is stored of a cell. Where decides is false nothing depends on
// the finding itself, only on whether there is one.
type ResultReader interface {
	Lookup(hash string, decides bool) (finding KnownResult, stored bool, err error)
	// complete says whether a cell is stored with all that is asked for of it.
	Complete(want *Task) (bool, error)
}

// settle goes from stage to stage as long as there are results that change it,
// and adds them to found.
func Resolve(a Workload, results ResultReader, found Known) (*Worklist, error) {
	for {
		stage, err := a.Worklist(found)
		if err != nil {
			return nil, err
		}
		more, decisive := false, stage.Decisive()
		for i := range stage.Tasks {
			want := &stage.Tasks[i]
			if _, ok := found[want.Hash]; ok || want.Waits {
				continue
			}
			finding, stored, err := results.Lookup(want.Hash, decisive[want.Hash])
			if err != nil {
				return nil, err
			}
			if stored {
				found[want.Hash] = finding
				more = true
			}
		}
		if !more {
			return stage, nil
		}
	}
}

// decisive are the cells whose results decide what else is asked for: single games
// in which a trigger proves itself.
func (s *Worklist) Decisive() map[string]bool {
	cells := map[string]bool{}
	for _, plan := range s.Plans {
		for _, draws := range plan.Candidates {
			for _, draw := range draws {
				cells[draw.Cell] = true
			}
		}
	}
	return cells
}

// decided says whether no cell waits for the results of others.
func (s *Worklist) Decided() bool {
	for i := range s.Tasks {
		if s.Tasks[i].Waits {
			return false
		}
	}
	return true
}

// images is about the number of images that pass through the training step until
// the cells that are not left out are trained, those included that pass in the
// training of what they go on from: runs count these as done when they do.
func (s *Worklist) Images(without map[string]bool) int64 {
	var sum int64
	for _, want := range s.Tasks {
		if !without[want.Hash] {
			sum += want.Cell.ImagesFrom(0)
		}
	}
	return sum
}
