package cell

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"backfire/defenses"
	"backfire/defenses/indexing"
	"backfire/game"
	"backfire/triggers"
)

// Defense is what a defender does in the training of one model. It does not say
// who the defender is: what two of them train alike is one cell.
type Defense struct {
	// Stack holds the defenses, but for indexing: that decides which models
	// there are.
	Stack defenses.Stack `json:"stack" yaml:"stack"`
	// Excluded holds the IDs of the attackers whose images are left out of the
	// training set, in the order of the game's attackers.
	Excluded []int `json:"excluded" yaml:"excluded"`
	// Slices hold the epochs in which the attackers' images enter the training,
	// those of Excluded being left out all the same; nil where they all take part
	// from the beginning.
	Slices []Slice `json:"slices,omitempty" yaml:"slices,omitempty"`
}

// newDefense returns what a stack does in the training of a model without some
// attackers' images, which the others enter in slices or at once; nil if that is
// nothing.
func NewDefense(stack defenses.Stack, excluded []int, enter []Slice) *Defense {
	training := stack.Training()
	if training.Empty() && len(excluded) == 0 && len(enter) == 0 {
		return nil
	}
	return &Defense{Stack: training, Excluded: append([]int{}, excluded...), Slices: enter} // [] rather than null
}

// String names the defense for people.
func (d *Defense) String() string {
	const few = 3
	var parts []string
	if !d.Stack.Empty() {
		parts = append(parts, d.Stack.String())
	}
	switch n := len(d.Excluded); {
	case n == 1:
		parts = append(parts, fmt.Sprintf("leaving out attacker %d", d.Excluded[0]))
	case n > few:
		parts = append(parts, fmt.Sprintf("leaving out %d attackers from %d on", n, d.Excluded[0]))
	case n > 1:
		parts = append(parts, "leaving out attackers "+strings.Trim(fmt.Sprint(d.Excluded), "[]"))
	}
	if n := len(d.Slices); n > 0 {
		parts = append(parts, fmt.Sprintf("in %d slices", n))
	}
	return strings.Join(parts, ", ")
}

// stack returns the defenses of the cell.
func (c Cell) DefenseStack() defenses.Stack {
	if c.Defense == nil {
		return defenses.Stack{}
	}
	return c.Defense.Stack
}

// BatchStack returns the defenses that change batches: what an engine carries
// out in each training step.
func (c Cell) BatchStack() defenses.Stack {
	stack := c.DefenseStack()
	stack.AgentAugmentation = nil
	return stack
}

// textOf names defenses with all settings.
func StackText(stack defenses.Stack) string {
	text, err := json.Marshal(stack)
	if err != nil {
		return stack.String() // a cell with numbers that JSON cannot hold has no hash, and is never trained
	}
	return string(text)
}

// batchDefense names what is done to batches, with all settings; empty for
// nothing.
func (c Cell) batchDefense() string {
	if stack := c.BatchStack(); !stack.Empty() {
		return StackText(stack)
	}
	return ""
}

// passing returns how many images pass through the training step in an epoch
// over a training set of so many rows: with those that a defense adds to
// batches. A last batch of one row joins the one before, see package
// torchbridge.
func (c Cell) PassingImages(rows int) int {
	stack := c.DefenseStack()
	full, rest := c.batches(rows)
	return full*stack.Rows(c.Training.Batch) + stack.Rows(rest)
}

// batches returns how many full batches an epoch over so many rows has, and the
// rows of its last batch; 0 if there is no other.
func (c Cell) batches(rows int) (full, rest int) {
	batch := c.Training.Batch
	full, rest = rows/batch, rows%batch
	if rest == 1 && full > 0 {
		return full - 1, batch + 1
	}
	return full, rest
}

// stepsPerEpoch is the number of steps of an epoch over so many rows.
func (c Cell) StepsPerEpoch(rows int) int {
	full, rest := c.batches(rows)
	if rest > 0 {
		full++
	}
	return full
}

// trainingSet makes of t, the training set of the cell's game, what the cell's
// defense leaves of it; avoid are the attackers' triggers. t is not changed. With agent augmentation it also says which simulated attacker's trigger
// each row carries, see defenses.Augmented.
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
	}
	a := c.Defense.Stack.AgentAugmentation
	if a == nil {
		return t, nil, nil
	}
	augmented, err := defenses.Augment(t, *a, avoid, c.Game.Seed)
	if err != nil {
		return nil, nil, err
	}
	return augmented.TrainingSet, augmented.Simulated, nil
}

// kept returns the positions of the attackers that are not left out.
func (c Cell) kept() ([]int, error) {
	var excluded, kept []int
	if c.Defense != nil {
		excluded = c.Defense.Excluded
	}
	for position, a := range c.Game.Attackers {
		if !slices.Contains(excluded, a.ID) {
			kept = append(kept, position)
		}
	}
	if left := len(c.Game.Attackers) - len(kept); left != len(excluded) {
		return nil, fmt.Errorf("experiments: defense: %w: attackers %v are to be left out, but %d of them play", ErrPlan, excluded, left)
	}
	return kept, nil
}
