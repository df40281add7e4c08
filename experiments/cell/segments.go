package cell

import (
	"fmt"
	"slices"
)

// Slice is a part of the training of sliced agent indexing, at whose beginning the images of some agents
// enter.
type Slice struct {
	// Enter holds the IDs of the agents whose images are trained on from this slice on, in the order of
	// game.Rules.AgentIDs.
	Enter []int `json:"enter" yaml:"enter"`
	// Epochs is the number of passes until the next slice.
	Epochs int `json:"epochs" yaml:"epochs"`
}

// Segment is a part of a cell's training with the same images throughout.
type Segment struct {
	First, End int   // the epochs, counted from 0: from First to End-1
	Agents     []int // positions of those whose images are trained on, in ascending order
}

// Segments returns the segments of the cell's training: one, or as many as it has slices. With a StopWhen the
// last epochs may not take place. The error wraps ErrPlan if StopWhen cannot be followed, if the slices and the
// training do not have the same epochs and agents, or if agents that are left out do not play.
func (c Cell) Segments() ([]Segment, error) {
	if err := c.checkStopRule(); err != nil {
		return nil, err
	}
	kept, err := c.kept()
	if err != nil {
		return nil, err
	}
	if c.Defense == nil || len(c.Defense.Slices) == 0 {
		return []Segment{{End: c.Training.Epochs, Agents: kept}}, nil
	}
	ids := c.Game.AgentIDs()
	var segments []Segment
	var entered []int // IDs
	first := 0
	for _, slice := range c.Defense.Slices {
		entered = append(entered, slice.Enter...)
		s := Segment{First: first, End: first + slice.Epochs, Agents: []int{}}
		for _, position := range kept {
			if slices.Contains(entered, ids[position]) {
				s.Agents = append(s.Agents, position)
			}
		}
		segments, first = append(segments, s), s.End
	}
	if last := len(segments[len(segments)-1].Agents); first != c.Training.Epochs || last != len(kept) {
		return nil, fmt.Errorf("cell: segments: %w: the slices have %d epochs and %d agents, the training %d and %d",
			ErrPlan, first, last, c.Training.Epochs, len(kept))
	}
	return segments, nil
}

// Prefix returns the training that ends where the cell's segment at begins. It holds everything that the state
// there depends on, and nothing else, so that its hash names that state. It ends before the last epoch of its
// Training, which still decides the learning rates. The cell must have slices, and at must be at most their
// number.
func (c Cell) Prefix(at int) Cell {
	d := *c.Defense
	d.Slices = d.Slices[:at]
	d.Excluded = slices.DeleteFunc(slices.Clone(d.Excluded), func(id int) bool {
		return !slices.ContainsFunc(d.Slices, func(s Slice) bool { return slices.Contains(s.Enter, id) })
	})
	c.Defense = &d
	return c
}

// SharedSegments returns how many of the cell's segments, from the first on, it has in common with the
// training without exclusions.
func (c Cell) SharedSegments() int {
	if c.Defense == nil || len(c.Defense.Excluded) == 0 {
		return 0
	}
	return max(0, slices.IndexFunc(c.Defense.Slices, func(s Slice) bool {
		return slices.ContainsFunc(s.Enter, func(id int) bool { return slices.Contains(c.Defense.Excluded, id) })
	}))
}

// Base returns the cell whose training saves the state that this one starts from, or looks at with its filter;
// false if it starts from the initial weights and has no filter.
func (c Cell) Base() (Cell, bool) {
	if c.Takes() {
		return c.Trained(), true
	}
	if first, ok := c.FirstModel(); ok {
		return first, true
	}
	if c.SharedSegments() == 0 {
		return Cell{}, false
	}
	d := *c.Defense
	d.Excluded = []int{}
	c.Defense = &d
	return c, true
}

// SavesState reports whether other cells may start from the state at the beginning of the segment at.
func (c Cell) SavesState(at int) bool {
	return c.Defense != nil && at < len(c.Defense.Slices) && (len(c.Defense.Excluded) == 0 || at <= c.SharedSegments())
}
