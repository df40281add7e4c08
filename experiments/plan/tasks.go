package plan

import (
	"slices"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/store"
)

// Task is a cell that a sweep needs.
type Task struct {
	Cell   cell.Cell
	Hash   string
	Title  string          // for people: the first point that needs it, and the game
	Source datasets.Source // of the images
	// Weights is the path of the file of initial weights; empty if all are drawn.
	Weights string
	// Program is the path of the program that answers in place of the model; empty if the cell has none.
	Program string
	// After is the hash of the cell whose training saves the state that this one starts from; empty if it
	// starts from the initial weights. If both are needed, that cell is trained first.
	After string
	// SavesState reports that the training of another task starts from the trained model.
	SavesState bool
	// Waits reports that the task is not decided yet: its game waits for the single games of its attackers,
	// and needs this cell if the triggers that are tried now are kept.
	Waits bool
	// Artefacts are the files that the points request beside the usual ones.
	Artefacts store.Artefacts
}

// Lacks returns the places of the artefacts that the task requests, that its cell can have, and that a result
// with other artefacts lacks.
func (t *Task) Lacks(stored store.Artefacts) []string {
	return t.Artefacts.Of(t.Cell).Without(stored)
}

// newTask describes a cell called hash, whose images lie in source.
func newTask(cell cell.Cell, hash string, source datasets.Source) Task {
	t := Task{Cell: cell, Hash: hash, Title: cell.Title(), Source: source}
	if base, ok := cell.Base(); ok {
		t.After, _ = base.Hash() // it has no number that the cell, which has a hash, lacks
	}
	return t
}

// Worklist holds the cells that a sweep needs, given the results that are known.
type Worklist struct {
	// Tasks are the distinct cells, stored or not, in the order to train them.
	Tasks []Task
	// Refused are games that cannot be played with the triggers that were kept.
	Refused []store.Failure
	// Plans are the points' plans with the triggers that are kept, or tried now.
	Plans []*Plan
}

// Worklist returns the cells that the sweep needs, given the results that are known. It depends on the points
// and these results alone. Any number of goroutines may call it. The error wraps ErrPlan.
func (s *Sweep) Worklist(known Known) (*Worklist, error) {
	s.planning.Lock()
	defer s.planning.Unlock()
	b := worklistBuilder{sweep: s, list: &Worklist{}, listed: map[string]int{}}
	for i, p := range s.planners {
		plan, err := p.plan(known)
		if err != nil {
			return nil, s.Points[i].fault(err)
		}
		b.list.Plans = append(b.list.Plans, plan)
	}
	for _, at := range s.order {
		b.game(at)
	}
	markSavedStates(b.list.Tasks)
	return b.list, nil
}

// worklistBuilder collects the tasks of a worklist.
type worklistBuilder struct {
	sweep  *Sweep
	list   *Worklist
	listed map[string]int // position in list.Tasks, by hash
}

// game adds the tasks of one game of one point.
func (b *worklistBuilder) game(at place) {
	plan := b.list.Plans[at.point]
	planned := plan.Games[at.game]
	c, _ := plan.Cell(planned.Cell)
	for _, attacker := range c.Game.Attackers {
		for _, candidate := range plan.Candidates[attacker.ID] {
			b.add(at, candidate.Cell, false)
		}
		for _, alone := range []map[int]string{planned.Singles, planned.Lone} {
			if hash, ok := alone[attacker.ID]; ok {
				// A colluder's waits for the trigger of the one it follows.
				b.add(at, hash, plan.open(attacker.Leader()))
			}
		}
	}
	if planned.refused != nil {
		t := b.task(at, planned.Cell)
		refusal := store.Failure{Cell: t.Hash, Title: t.Title, Error: store.OneLine(planned.refused)}
		if !slices.Contains(b.list.Refused, refusal) {
			b.list.Refused = append(b.list.Refused, refusal)
		}
		return
	}
	b.add(at, planned.Cell, planned.Waits)
	for _, defender := range planned.Defenders {
		for _, hash := range defender.Models {
			b.add(at, hash, planned.Waits)
		}
	}
	for _, attacker := range c.Game.Attackers {
		if hash, ok := planned.Transfers[attacker.ID]; ok {
			b.add(at, hash, planned.Waits)
		}
	}
}

// add adds a cell that a point needs, or joins the request with that of an earlier point.
func (b *worklistBuilder) add(at place, hash string, waits bool) {
	artefacts := ArtefactsOf(b.sweep.Points[at.point].Config)
	if i, ok := b.listed[hash]; ok {
		t := &b.list.Tasks[i]
		t.Waits = t.Waits && waits
		t.Artefacts = t.Artefacts.And(artefacts)
		return
	}
	b.listed[hash] = len(b.list.Tasks)
	t := b.task(at, hash)
	t.Artefacts, t.Waits = artefacts, waits
	b.list.Tasks = append(b.list.Tasks, t)
}

// task describes a cell of a point.
func (b *worklistBuilder) task(at place, hash string) Task {
	c, _ := b.list.Plans[at.point].Cell(hash)
	t := newTask(c, hash, b.sweep.sources[at.point])
	t.Weights = b.sweep.weights.paths[c.Model.Weights]
	t.Program = programOf(b.sweep.Points[at.point].Config, c)
	if name := b.sweep.Points[at.point].Name; name != "" {
		t.Title = name + ": " + t.Title
	}
	return t
}

// markSavedStates marks the tasks whose trained models an attribution, a repair or a filter among the tasks takes.
func markSavedStates(tasks []Task) {
	for _, t := range tasks {
		_, filters := t.Cell.FirstModel()
		_, repairs := t.Cell.Unrepaired()
		if t.Cell.Attribution == nil && !filters && !repairs {
			continue
		}
		if i := slices.IndexFunc(tasks, func(base Task) bool { return base.Hash == t.After }); i >= 0 {
			tasks[i].SavesState = true
		}
	}
}

// Resolve returns the worklist of the sweep, given everything that is stored. The errors are those of Worklist
// and of the store.
func (s *Sweep) Resolve(store *store.Store) (*Worklist, error) {
	return Resolve(s, NewCachedReader(store), Known{})
}

// Decisive returns the cells whose results decide which other cells are needed: single games in which a trigger
// is verified.
func (w *Worklist) Decisive() map[string]bool {
	cells := map[string]bool{}
	for _, plan := range w.Plans {
		for _, candidates := range plan.Candidates {
			for _, candidate := range candidates {
				cells[candidate.Cell] = true
			}
		}
	}
	return cells
}

// Decided reports whether no result can change the worklist: no task waits for the results of others, and no
// attacker may draw another trigger. The latter matters where an attacker's single game is all that is asked
// for, as with N = 1: it waits for nothing, yet its result may ask for another one.
func (w *Worklist) Decided() bool {
	open := func(p *Plan) bool {
		for id := range p.Candidates {
			if p.open(id) {
				return true
			}
		}
		return false
	}
	return !slices.ContainsFunc(w.Tasks, func(t Task) bool { return t.Waits }) && !slices.ContainsFunc(w.Plans, open)
}

// Redraws returns the largest number of single games that may still be added.
func (w *Worklist) Redraws() int {
	open := map[string]int{}
	for _, plan := range w.Plans {
		for id, candidates := range plan.Candidates {
			if plan.open(id) {
				open[candidates[len(candidates)-1].Cell] = MaxDraws - len(candidates)
			}
		}
	}
	sum := 0
	for _, n := range open {
		sum += n
	}
	return sum
}

// Images returns about the number of images that pass through the training step until the tasks are trained,
// except those with the hashes in without. It includes images that pass in the training of the states that
// tasks start from: runs count these as done when they start there.
func (w *Worklist) Images(without map[string]bool) int64 {
	var sum int64
	for _, t := range w.Tasks {
		if !without[t.Hash] {
			sum += t.Cell.ImagesFrom(0)
		}
	}
	return sum
}
