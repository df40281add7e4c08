package experiments

import "backfire/datasets"

// agenda says what a run is to do, given what is done.
type agenda interface {
	Stage(Findings) (*Stage, error)
}

// list is the agenda of cells that are all known from the start.
type list struct {
	stage *Stage
}

// newList makes an agenda of distinct cells of one dataset.
func newList(cells []Cell, source datasets.Source, artefacts Artefacts) (list, error) {
	stage := &Stage{}
	for _, cell := range cells {
		hash, err := cell.Hash()
		if err != nil {
			return list{}, err
		}
		want := newWant(cell, hash, source)
		want.Artefacts = artefacts
		stage.Wants = append(stage.Wants, want)
	}
	leave(stage.Wants)
	return list{stage}, nil
}

// Stage is the same whatever is found.
func (l list) Stage(Findings) (*Stage, error) { return l.stage, nil }

// finder says what is stored of a cell. Where decides is false nothing depends on
// the finding itself, only on whether there is one.
type finder interface {
	find(hash string, decides bool) (finding Finding, stored bool, err error)
	// complete says whether a cell is stored with all that is asked for of it.
	complete(want *Want) (bool, error)
}

// settle goes from stage to stage as long as there are results that change it,
// and adds them to found.
func settle(a agenda, results finder, found Findings) (*Stage, error) {
	for {
		stage, err := a.Stage(found)
		if err != nil {
			return nil, err
		}
		more, decisive := false, stage.decisive()
		for i := range stage.Wants {
			want := &stage.Wants[i]
			if _, ok := found[want.Hash]; ok || want.Waits {
				continue
			}
			finding, stored, err := results.find(want.Hash, decisive[want.Hash])
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
func (s *Stage) decisive() map[string]bool {
	cells := map[string]bool{}
	for _, plan := range s.Plans {
		for _, draws := range plan.Draws {
			for _, draw := range draws {
				cells[draw.Cell] = true
			}
		}
	}
	return cells
}

// decided says whether no cell waits for the results of others.
func (s *Stage) decided() bool {
	for i := range s.Wants {
		if s.Wants[i].Waits {
			return false
		}
	}
	return true
}

// images is about the number of images that pass through the training step until
// the cells that are not left out are trained, those included that pass in the
// training of what they go on from: runs count these as done when they do.
func (s *Stage) images(without map[string]bool) int64 {
	var sum int64
	for _, want := range s.Wants {
		if !without[want.Hash] {
			sum += want.Cell.images(0)
		}
	}
	return sum
}
