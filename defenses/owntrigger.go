package defenses

import (
	"fmt"

	"backfire/triggers"
)

// ownTrigger is the trigger of a defender before its sizes are set.
var ownTrigger = triggers.Spec{Range: triggers.PerDimension}

// checkTrigger refuses triggers of other kinds than the paper's, and invalid ones.
func checkTrigger(s triggers.Spec) error {
	if s.Kind != triggers.Random {
		return fmt.Errorf("kind is %s: a defender's own triggers are random", s.Kind)
	}
	return s.Validate()
}
