package cell

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"backfire/defenses"
	"backfire/defenses/definition"
	"backfire/defenses/indexing"
	"backfire/game"
	"backfire/triggers"
)

// Defense holds the part of a defender that decides the training of one model. It does not name the defender:
// a model that two defenders train alike is one cell.
type Defense struct {
	// Stack holds the defenses without indexing, which only decides which models there are.
	Stack defenses.Stack `json:"stack" yaml:"stack"`
	// Excluded holds the IDs of the agents whose images are left out of the training set, in the order of
	// game.Rules.AgentIDs.
	Excluded []int `json:"excluded" yaml:"excluded"`
	// WithoutOwn leaves the defender's own images out of the training set. It is false, and not written, if they are
	// in it.
	WithoutOwn bool `json:"without_own,omitempty" yaml:"without_own,omitempty"`
	// AvoidsGroup has the triggers that the defender simulates avoid those of the agents whose images are in the
	// training set, and no others. It is false, and not written, if they avoid the triggers of all attackers, and
	// without simulated triggers.
	AvoidsGroup bool `json:"avoids_group,omitempty" yaml:"avoids_group,omitempty"`
	// Slices hold the epochs in which the agents' images enter the training. They include the agents of
	// Excluded, whose images are left out nevertheless. Slices is nil if all images take part from the
	// beginning.
	Slices []Slice `json:"slices,omitempty" yaml:"slices,omitempty"`
}

// NewDefense returns the defense of a model that a defender declares, given the defender's stack. NewDefense returns
// nil if this equals a training without a defense.
func NewDefense(stack defenses.Stack, m definition.Model) *Defense {
	d := Defense{Excluded: m.Excluded, WithoutOwn: m.WithoutOwn}
	d.AvoidsGroup = m.AvoidsGroup && len(m.Excluded) > 0 && stack.Simulates()
	for _, slice := range m.Slices {
		d.Slices = append(d.Slices, Slice(slice))
	}
	return d.with(stack)
}

// WithAllAgents returns the cell that is trained in the same way on the images of all agents and of the defender.
func (c Cell) WithAllAgents() Cell {
	if c.Defense != nil {
		c.Defense = Defense{Slices: c.Defense.Slices}.with(c.Defense.Stack)
	}
	return c
}

// with returns the defense with another stack; nil if it equals a training without a defense.
func (d Defense) with(stack defenses.Stack) *Defense {
	d.Stack = stack.Training()
	if d.Stack.Empty() && len(d.Excluded) == 0 && len(d.Slices) == 0 && !d.WithoutOwn {
		return nil
	}
	d.Excluded = append([]int{}, d.Excluded...) // [] rather than null
	return &d
}

// String returns a name of the defense for people, such as "cutmix, leaving out agent 3, in 4 slices".
func (d *Defense) String() string {
	const few = 3
	var parts []string
	if !d.Stack.Empty() {
		parts = append(parts, d.Stack.String())
	}
	switch n := len(d.Excluded); {
	case n == 1:
		parts = append(parts, fmt.Sprintf("leaving out agent %d", d.Excluded[0]))
	case n > few:
		parts = append(parts, fmt.Sprintf("leaving out %d agents from %d on", n, d.Excluded[0]))
	case n > 1:
		parts = append(parts, "leaving out agents "+strings.Trim(fmt.Sprint(d.Excluded), "[]"))
	}
	if d.WithoutOwn {
		parts = append(parts, "without the defender's own images")
	}
	if n := len(d.Slices); n > 0 {
		parts = append(parts, fmt.Sprintf("in %d slices", n))
	}
	return strings.Join(parts, ", ")
}

// DefenseStack returns the defenses of the cell; the stack is empty if it has none.
func (c Cell) DefenseStack() defenses.Stack {
	if c.Defense == nil {
		return defenses.Stack{}
	}
	return c.Defense.Stack
}

// BatchStack returns the defenses that change batches, which an engine carries out in each training step.
func (c Cell) BatchStack() defenses.Stack {
	return c.DefenseStack().At(definition.Batches)
}

// StackText returns a text that names defenses with all settings, so that equal texts mean equal stacks.
func StackText(stack defenses.Stack) string {
	text, err := json.Marshal(stack)
	if err != nil {
		return stack.String() // a cell with numbers that JSON cannot hold has no hash, and is never trained
	}
	return string(text)
}

// batchDefense returns the text of the defenses that change batches, with all settings; empty if there are
// none.
func (c Cell) batchDefense() string {
	if stack := c.BatchStack(); !stack.Empty() {
		return StackText(stack)
	}
	return ""
}

// PassingImages returns the number of images that pass through the training step in an epoch over a training
// set with that many rows, including those that a defense adds to batches. A last batch of one row joins the
// one before, see package torchbridge.
func (c Cell) PassingImages(rows int) int {
	stack := c.DefenseStack()
	full, rest := c.batches(rows)
	return full*stack.Rows(c.Training.Batch) + stack.Rows(rest)
}

// batches returns the number of full batches of an epoch over that many rows, and the rows of its last batch,
// 0 if all batches are full.
func (c Cell) batches(rows int) (full, rest int) {
	batch := c.Training.Batch
	full, rest = rows/batch, rows%batch
	if rest == 1 && full > 0 {
		return full - 1, batch + 1
	}
	return full, rest
}

// StepsPerEpoch returns the number of optimiser steps of an epoch over that many rows.
func (c Cell) StepsPerEpoch(rows int) int {
	full, rest := c.batches(rows)
	if rest > 0 {
		full++
	}
	return full
}

// TrainingSet returns the training set that the cell's defense makes of t, the training set of the cell's
// game, which is not changed. avoid holds the attackers' triggers, by position. Triggers that the defense simulates
// avoid them, or with AvoidsGroup those of the attackers whose images are not left out. With a defense that
// changes the data the second result holds, by row, the simulated attacker whose trigger the row carries, see
// defenses.Augmented; otherwise it is nil. The error wraps ErrPlan if agents that are left out do not
// play; other errors are those of defenses.DataChanger.
func (c Cell) TrainingSet(t *game.TrainingSet, avoid []*triggers.Trigger) (*game.TrainingSet, []int, error) {
	if c.Defense == nil {
		return t, nil, nil
	}
	if len(c.Defense.Excluded) > 0 {
		kept, err := c.kept()
		if err != nil {
			return nil, nil, err
		}
		t = indexing.Select(t, kept)
		if c.Defense.AvoidsGroup {
			avoid = ofPositions(avoid, kept)
		}
	}
	if c.Defense.WithoutOwn {
		t = indexing.WithoutDefender(t)
	}
	changer, _, ok := defenses.Find[defenses.DataChanger](c.Defense.Stack)
	if !ok {
		return t, nil, nil
	}
	augmented, err := changer.Change(t, avoid, len(c.Data.Classes), c.TrainingSeed())
	if err != nil {
		return nil, nil, err
	}
	return augmented.TrainingSet, augmented.Simulated, nil
}

// ofPositions returns the triggers of the attackers among the agents at some positions.
func ofPositions(all []*triggers.Trigger, positions []int) []*triggers.Trigger {
	var some []*triggers.Trigger
	for _, position := range positions {
		if position < len(all) {
			some = append(some, all[position])
		}
	}
	return some
}

// withoutOwn reports whether the cell's defense leaves the defender's own images out of the training set.
func (c Cell) withoutOwn() bool { return c.Defense != nil && c.Defense.WithoutOwn }

// kept returns the positions of the agents whose images are not left out.
func (c Cell) kept() ([]int, error) {
	var excluded, kept []int
	if c.Defense != nil {
		excluded = c.Defense.Excluded
	}
	ids := c.Game.AgentIDs()
	for position, id := range ids {
		if !slices.Contains(excluded, id) {
			kept = append(kept, position)
		}
	}
	if left := len(ids) - len(kept); left != len(excluded) {
		return nil, fmt.Errorf("cell: defense: %w: agents %v are to be left out, but %d of them play", ErrPlan, excluded, left)
	}
	return kept, nil
}
