package cell

import (
	"fmt"

	"backfire/internal/stoprule"
)

// StopRule returns the rule that ends the training early; the zero rule if there is none, or if StopWhen is no
// rule, which Cell.Segments refuses.
func (t Training) StopRule() stoprule.Rule {
	rule, _ := stoprule.Parse(t.StopWhen)
	return rule
}

// checkStopRule refuses a text that is not that of a rule, and a rule beside slices, some of which a training
// that ends early would leave out. The error wraps ErrPlan.
func (c Cell) checkStopRule() error {
	if text := c.Training.StopRule().String(); text != c.Training.StopWhen {
		return fmt.Errorf("cell: segments: %w: stop_when is %q, not the text of a rule", ErrPlan, c.Training.StopWhen)
	}
	if c.Training.StopWhen != "" && c.Defense != nil && len(c.Defense.Slices) > 0 {
		return fmt.Errorf("cell: segments: %w: a training in slices has no stop_when", ErrPlan)
	}
	return nil
}
