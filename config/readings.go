package config

import (
	"backfire/defenses"
	"backfire/internal/stoprule"
	"backfire/triggers"
)

// orthogonalIsPerAgent requires that triggers that belong together are drawn once.
func orthogonalIsPerAgent(c Config) *fault {
	if c.Trigger.Kind != string(triggers.Orthogonal) || c.Trigger.Sampling == "per_agent" {
		return nil
	}
	return &fault{key: "trigger.sampling", value: c.Trigger.Sampling, reason: "must be per_agent with trigger.kind = orthogonal: each attacker has one of a set of patterns"}
}

// stopRuleFits requires a rule that can be read, and refuses one where agents enter the
// training in slices: a training that ends early would leave some of them out.
func stopRuleFits(c Config) *fault {
	f := &fault{key: "train.stop_when", value: c.Train.StopWhen}
	rule, err := stoprule.Parse(c.Train.StopWhen)
	if err != nil {
		f.reason = err.Error()
		return f
	}
	if rule == (stoprule.Rule{}) {
		return nil
	}
	for _, defender := range c.Defenders {
		parts, _ := ParseDefender(defender) // defendersAreKnown has checked it
		for _, part := range parts {
			if c.entersInSlices(part) {
				f.reason = "has no place beside the defender " + defender + ": agents enter its training in slices, and one that ends early would leave some out"
				return f
			}
		}
	}
	return nil
}

// entersInSlices reports whether agents enter a training of a defense after its beginning.
func (c Config) entersInSlices(part DefensePart) bool {
	var s defenses.Stack
	kind, err := c.AddDefense(&s, part)
	if err != nil {
		return false // it is none, or its fault is reported elsewhere
	}
	own, ok := s.Settings(kind).(interface{ EntersInSlices() bool })
	return ok && own.EntersInSlices()
}

// StopRule returns the rule that ends a training early. It is the zero rule for none,
// and for a text that Validate refuses.
func (t Train) StopRule() stoprule.Rule {
	rule, _ := stoprule.Parse(t.StopWhen)
	return rule
}

// readsP1 reports whether triggers have a box of a size p1.
func readsP1(c *Config) bool {
	return c.anyKind(boxed) && c.Trigger.Range != string(triggers.Whole)
}

// p1Unread returns the reason why the size of the trigger's box is not read.
func p1Unread(c *Config) string {
	if !c.anyKind(boxed) {
		return unless(false, "trigger.kind = "+c.Trigger.Kind)
	}
	if !readsP1(c) {
		return unless(false, "trigger.range = whole")
	}
	return sizeUnread(c, true)
}
