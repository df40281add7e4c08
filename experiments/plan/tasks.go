package plan

import (
	"slices"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/store"
)

// Want is a cell that a sweep asks for.
type Task struct {
	Cell   cell.Cell
	Hash   string
	Title  string          // for people: the point that asked first, and the game
	Source datasets.Source // where the images lie
	// After is the hash of the cell whose training leaves the state that this one
	// goes on from; empty if it begins with the initial weights. It is trained
	// first if it is wanted too.
	After string
	// Leave says that another wanted cell goes on from the trained model.
	SavesState bool
	// Waits says that it is not decided yet: the game waits for the single
	// games of its attackers, and this is it if the triggers tried now are
	// kept.
	Waits bool
	// Artefacts are what the points that want the cell ask for beside its usual
	// files.
	Artefacts store.Artefacts
}

// Stage is what a sweep asks for, given the results found so far.
type Worklist struct {
	// Wants are the distinct cells, stored or not, in the order to train them.
	Tasks []Task
	// Refused are games that cannot be played with the triggers that were kept.
	Refused []store.Failure
	// Plans are the points' plans with the triggers kept, or tried now.
	Plans []*Plan
}

// Stage says what to do, given what is done. It depends on nothing but the
// points and the results found. Any number of goroutines may ask.
func (s *Sweep) Worklist(found Known) (*Worklist, error) {
	s.planning.Lock()
	defer s.planning.Unlock()
	stage := &Worklist{}
	for i, p := range s.planners {
		plan, err := p.plan(found)
		if err != nil {
			return nil, s.Points[i].fault(err)
		}
		stage.Plans = append(stage.Plans, plan)
	}
	listed := map[string]int{}
	add := func(at place, hash string, waits bool) {
		if i, ok := listed[hash]; ok {
			stage.Tasks[i].Waits = stage.Tasks[i].Waits && waits
			stage.Tasks[i].Artefacts = stage.Tasks[i].Artefacts.And(s.artefacts(at))
			return
		}
		listed[hash] = len(stage.Tasks)
		want := s.task(stage, at, hash)
		want.Artefacts = s.artefacts(at)
		want.Waits = waits
		stage.Tasks = append(stage.Tasks, want)
	}
	for _, at := range s.order {
		plan := stage.Plans[at.point]
		planned := plan.Games[at.game]
		cell, _ := plan.Cell(planned.Cell)
		for _, attacker := range cell.Game.Attackers {
			for _, draw := range plan.Candidates[attacker.ID] {
				add(at, draw.Cell, false)
			}
			if single, ok := planned.Singles[attacker.ID]; ok {
				// A colluder's waits for the trigger of the one it follows.
				add(at, single, plan.open(attacker.Leader()))
			}
		}
		if planned.refused == nil {
			add(at, planned.Cell, planned.Waits)
			for _, defender := range planned.Defenders {
				for _, hash := range defender.Models {
					add(at, hash, planned.Waits)
				}
			}
			continue
		}
		want := s.task(stage, at, planned.Cell)
		refusal := store.Failure{Cell: want.Hash, Title: want.Title, Error: store.OneLine(planned.refused)}
		if !slices.Contains(stage.Refused, refusal) {
			stage.Refused = append(stage.Refused, refusal)
		}
	}
	leave(stage.Tasks)
	return stage, nil
}

// leave notes which of the wanted cells an inquiry goes on from.
func leave(wants []Task) {
	for _, want := range wants {
		if want.Cell.Attribution == nil {
			continue
		}
		if i := slices.IndexFunc(wants, func(w Task) bool { return w.Hash == want.After }); i >= 0 {
			wants[i].SavesState = true
		}
	}
}

// Settle says what the sweep asks for, given what is stored.
func (s *Sweep) Resolve(store *store.Store) (*Worklist, error) {
	return Resolve(s, NewCachedReader(store), Known{})
}

// artefacts is what a point asks for of every cell.
func (s *Sweep) artefacts(at place) store.Artefacts { return ArtefactsOf(s.Points[at.point].Config) }

// newWant describes a cell called hash, whose images lie in source.
func newTask(cell cell.Cell, hash string, source datasets.Source) Task {
	w := Task{Cell: cell, Hash: hash, Title: cell.Title(), Source: source}
	if origin, ok := cell.Base(); ok {
		w.After, _ = origin.Hash() // it has no number that the cell, which has a hash, lacks
	}
	return w
}

// want describes a cell of a game for whoever trains it.
func (s *Sweep) task(stage *Worklist, at place, hash string) Task {
	cell, _ := stage.Plans[at.point].Cell(hash)
	w := newTask(cell, hash, s.sources[at.point])
	if name := s.Points[at.point].Name; name != "" {
		w.Title = name + ": " + w.Title
	}
	return w
}

// lacks names the artefacts that the task asks for and that are not there.
func (w *Task) Lacks(there store.Artefacts) []string {
	return w.Artefacts.Of(w.Cell).Without(there)
}
