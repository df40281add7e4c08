package cell

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
func SlicesOf(plan *indexing.Plan, attackers []game.Attacker) []Slice {
	if plan.Settings.Mode != indexing.Sliced {
		return nil
	}
	var parts []Slice
	var before []int
	for _, stage := range plan.Models[0].Stages {
		entering := slices.DeleteFunc(slices.Clone(stage.Agents), func(agent int) bool { return slices.Contains(before, agent) })
		parts = append(parts, Slice{Enter: IDsOf(attackers, entering), Epochs: stage.Epochs})
		before = stage.Agents
	}
	return parts
}

// stage is a part of a cell's training with the same images throughout.
type Segment struct {
	First, End int   // epochs from first on, to the one before end
	Attackers  []int // positions of those whose images are trained on, in ascending order
}

// course returns the stages of the cell's training: one, or as many as it has
// slices.
func (c Cell) Segments() ([]Segment, error) {
	kept, err := c.kept()
	if err != nil {
		return nil, err
	}
	if c.Defense == nil || len(c.Defense.Slices) == 0 {
		return []Segment{{End: c.Training.Epochs, Attackers: kept}}, nil
	}
	var stages []Segment
	var entered []int // IDs
	first := 0
	for _, slice := range c.Defense.Slices {
		entered = append(entered, slice.Enter...)
		s := Segment{First: first, End: first + slice.Epochs, Attackers: []int{}}
		for _, position := range kept {
			if slices.Contains(entered, c.Game.Attackers[position].ID) {
				s.Attackers = append(s.Attackers, position)
			}
		}
		stages, first = append(stages, s), s.End
	}
	if last := len(stages[len(stages)-1].Attackers); first != c.Training.Epochs || last != len(kept) {
		return nil, fmt.Errorf("experiments: course: %w: the slices have %d epochs and %d attackers, the training %d and %d",
			ErrPlan, first, last, c.Training.Epochs, len(kept))
	}
	return stages, nil
}

// until returns the training that ends where stage at of the cell begins: what
// the state there depends on, and nothing else. Its hash is the name of that
// state. It ends before all epochs of its own Training, which still decide the
// learning rates.
func (c Cell) Prefix(at int) Cell {
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
func (c Cell) SharedSegments() int {
	if c.Defense == nil || len(c.Defense.Excluded) == 0 {
		return 0
	}
	return max(0, slices.IndexFunc(c.Defense.Slices, func(s Slice) bool {
		return slices.ContainsFunc(s.Enter, func(id int) bool { return slices.Contains(c.Defense.Excluded, id) })
	}))
}

// origin returns the cell whose training leaves the state that this one goes on
// from; false if it begins with the initial weights.
func (c Cell) Base() (Cell, bool) {
	if c.Attribution != nil {
		return c.WithoutAttribution(), true
	}
	if c.SharedSegments() == 0 {
		return Cell{}, false
	}
	d := *c.Defense
	d.Excluded = []int{}
	c.Defense = &d
	return c, true
}

// leaves says whether others go on from the state at the beginning of a stage.
func (c Cell) SavesState(at int) bool {
	return c.Defense != nil && at < len(c.Defense.Slices) && (len(c.Defense.Excluded) == 0 || at <= c.SharedSegments())
}
