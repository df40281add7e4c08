package game

import (
	"backfire/internal/streams"
	"backfire/triggers"
)

// drawTrigger returns the trigger of an attacker. It depends on the seed and on the
// attacker alone, so that it is the same in every game. Attackers with orthogonal
// triggers draw the same set of them, from the stream "orthogonal triggers", and
// take the one with the number of their leader. Others draw from a stream of their
// own. The error wraps triggers.ErrSpec if the set is too small.
func (a Attacker) drawTrigger(g *triggers.Generator, seed uint64) (*triggers.Trigger, error) {
	if a.Trigger.Kind == triggers.Orthogonal {
		return g.Member(streams.New(seed, "orthogonal triggers"), a.Leader())
	}
	return g.Draw(streams.New(seed, "trigger", a.triggerIndex()...)), nil
}

// triggerIndex returns the index of the stream from which the attacker's
// trigger is drawn.
func (a Attacker) triggerIndex() []uint64 {
	if a.Draw == 0 {
		return []uint64{uint64(a.Leader())}
	}
	return []uint64{uint64(a.Leader()), uint64(a.Draw)}
}

// agreed reports whether two attackers have orthogonal triggers, which share their
// pixels by design.
func agreed(a, b Attacker) bool {
	return a.Trigger.Kind == triggers.Orthogonal && b.Trigger.Kind == triggers.Orthogonal
}

// checkDrawnOnce refuses another draw, or a draw for every image, of a trigger that
// is drawn once at most.
func (r Rules) checkDrawnOnce(a Attacker) error {
	if a.Trigger.Stamped != "" {
		return r.checkStamped(a)
	}
	if !a.Trigger.Kind.DrawnOnce() || a.Draw == 0 && r.Sampling == PerAgent {
		return nil
	}
	if a.Trigger.Kind == triggers.Program {
		return refuse("attacker %d: its trigger is that of a program, which makes one: draw must be 0 and sampling %s", a.ID, PerAgent)
	}
	if a.Trigger.Kind == triggers.Picture {
		return refuse("attacker %d: its trigger is a picture, which is not drawn: draw must be 0 and sampling %s", a.ID, PerAgent)
	}
	return refuse("attacker %d: its trigger is one of a set of %s ones, which is drawn once: draw must be 0 and sampling %s", a.ID, a.Trigger.Kind, PerAgent)
}

// checkOrthogonal refuses orthogonal triggers of different sizes, which would not be
// orthogonal.
func (r Rules) checkOrthogonal() error {
	var first *Attacker
	for i, a := range r.Attackers {
		if a.Trigger.Kind != triggers.Orthogonal {
			continue
		}
		if first == nil {
			first = &r.Attackers[i]
		} else if a.Trigger != first.Trigger {
			return refuse("attackers %d and %d have orthogonal triggers of different sizes, which are not orthogonal: p1, p2 and range must be the same", first.ID, a.ID)
		}
	}
	return nil
}
