package game

import (
	"fmt"

	"backfire/datasets"
)

// checkStamped refuses a trigger of stamped images where images do not each have a
// trigger of their own, and where another attacker shares it, of whose images the
// program has stamped none.
func (r Rules) checkStamped(a Attacker) error {
	switch {
	case r.Sampling != PerImage:
		return refuse("attacker %d: its program has stamped each image: sampling must be %s", a.ID, PerImage)
	case a.Colludes != nil:
		return refuse("attacker %d: the program of attacker %d has stamped that one's images alone: attackers whose programs stamp images cannot collude", a.ID, *a.Colludes)
	}
	return nil
}

// stampedBy returns the stamped images of an attacker; nil if its trigger is no program's
// or a pattern. The error wraps datasets.ErrStamped, or ErrRules if images that the
// attacker stamps are not among them.
func (g *Game) stampedBy(a Attacker) (*datasets.StampedImages, error) {
	if a.Trigger.Stamped == "" {
		return nil, nil
	}
	stamped, err := g.set.Stamped(a.Trigger.Stamped)
	if err != nil {
		return nil, fmt.Errorf("game: attacker %d: %w", a.ID, err)
	}
	position := len(g.stamped)
	share := g.deal.Attackers[position]
	for at, source := range share.Contributed {
		if !g.poison[position].marks[at] {
			continue
		}
		if _, ok := stamped.Image(source); !ok {
			return nil, notStamped(a, source)
		}
	}
	for _, source := range share.HeldOut {
		if _, ok := stamped.Image(source); !ok {
			return nil, notStamped(a, source)
		}
	}
	return stamped, nil
}

// notStamped returns the error about an image that a program has not stamped.
func notStamped(a Attacker, source int) error {
	return refuse("attacker %d owns other images than those that its program has stamped, such as image %d: play with a fixed number of seats (deal.seats)", a.ID, source)
}
