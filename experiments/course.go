package experiments

import (
	"fmt"
	"slices"

	"backfire/defenses/indexing"
	"backfire/game"
)

// Slice is a part of a training that attackers enter slice by slice (agent
// indexing, sliced).
type Slice struct {
	// Enter holds the IDs of the attackers whose images are trained on from here
	// on, in the order of the game's attackers.
	Enter []int `json:"enter" yaml:"enter"`
	// Epochs is the number of passes until the next slice.
	Epochs int `json:"epochs" yaml:"epochs"`
}

// slicesOf takes the slices of a plan from the training that leaves its
// checkpoints; nil in the modes without one.
func slicesOf(plan *indexing.Plan, attackers []game.Attacker) []Slice {
	if plan.Settings.Mode != indexing.Sliced {
		return nil
	}
	var parts []Slice
	var before []int
	for _, stage := range plan.Models[0].Stages {
		entering := slices.DeleteFunc(slices.Clone(stage.Agents), func(agent int) bool { return slices.Contains(before, agent) })
		parts = append(parts, Slice{Enter: idsOf(attackers, entering), Epochs: stage.Epochs})
		before = stage.Agents
	}
	return parts
}

// stage is a part of a cell's training with the same images throughout.
type stage struct {
	first, end int   // epochs from first on, to the one before end
	attackers  []int // positions of those whose images are trained on, in ascending order
}

// course returns the stages of the cell's training: one, or as many as it has
// slices.
func (c Cell) course() ([]stage, error) {
	kept, err := c.kept()
	if err != nil {
		return nil, err
	}
	if c.Defense == nil || len(c.Defense.Slices) == 0 {
		return []stage{{end: c.Training.Epochs, attackers: kept}}, nil
	}
	var stages []stage
	var entered []int // IDs
	first := 0
	for _, slice := range c.Defense.Slices {
		entered = append(entered, slice.Enter...)
		s := stage{first: first, end: first + slice.Epochs, attackers: []int{}}
		for _, position := range kept {
			if slices.Contains(entered, c.Game.Attackers[position].ID) {
				s.attackers = append(s.attackers, position)
			}
		}
		stages, first = append(stages, s), s.end
	}
	if last := len(stages[len(stages)-1].attackers); first != c.Training.Epochs || last != len(kept) {
		return nil, fmt.Errorf("experiments: course: %w: the slices have %d epochs and %d attackers, the training %d and %d",
			ErrPlan, first, last, c.Training.Epochs, len(kept))
	}
	return stages, nil
}

// until returns the training that ends where stage at of the cell begins: what
// the state there depends on, and nothing else. Its hash is the name of that
// state. It ends before all epochs of its own Training, which still decide the
// learning rates.
func (c Cell) until(at int) Cell {
	d := *c.Defense
	d.Slices = d.Slices[:at]
	d.Excluded = slices.DeleteFunc(slices.Clone(d.Excluded), func(id int) bool {
		return !slices.ContainsFunc(d.Slices, func(s Slice) bool { return slices.Contains(s.Enter, id) })
	})
	c.Defense = &d
	return c
}

// shared returns how many of the cell's stages, from the first on, are also
// those of the training that nobody is left out of.
func (c Cell) shared() int {
	if c.Defense == nil || len(c.Defense.Excluded) == 0 {
		return 0
	}
	return max(0, slices.IndexFunc(c.Defense.Slices, func(s Slice) bool {
		return slices.ContainsFunc(s.Enter, func(id int) bool { return slices.Contains(c.Defense.Excluded, id) })
	}))
}

// origin returns the cell whose training leaves the state that this one goes on
// from; false if it begins with the initial weights.
func (c Cell) origin() (Cell, bool) {
	if c.Inquiry != nil {
		return c.base(), true
	}
	if c.shared() == 0 {
		return Cell{}, false
	}
	d := *c.Defense
	d.Excluded = []int{}
	c.Defense = &d
	return c, true
}

// leaves says whether others go on from the state at the beginning of a stage.
func (c Cell) leaves(at int) bool {
	return c.Defense != nil && at < len(c.Defense.Slices) && (len(c.Defense.Excluded) == 0 || at <= c.shared())
}

// trainedStage is a stage by the name of the state at its end, with the images
// that pass through training steps in it.
type trainedStage struct {
	stage
	name   string // of Cell.until, or of the cell for its last stage
	images int64
}

// trained returns the stages that a stored result of the cell comes from, those
// that it shares with others included.
func (c Cell) trained(r *Result) ([]trainedStage, error) {
	course, err := c.course()
	if err != nil {
		return nil, err
	}
	last := course[len(course)-1]
	var list []trainedStage
	for at, s := range course {
		rows := r.TrainingImages
		for _, position := range last.attackers {
			if !slices.Contains(s.attackers, position) {
				rows -= r.Attackers[position].Contributed
			}
		}
		end := c.base()
		if at+1 < len(course) {
			end = c.until(at + 1)
		}
		name, err := end.Hash()
		if err != nil {
			return nil, err
		}
		list = append(list, trainedStage{stage: s, name: name, images: int64(c.passing(rows)) * int64(s.end-s.first)})
	}
	return list, nil
}
