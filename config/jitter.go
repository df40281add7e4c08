package config

import (
	"backfire/triggers"
)

// PerImage reports whether no pixel of a pattern is that of the attacker: every image has
// a pattern of its own.
func (t Trigger) PerImage() bool { return t.Sampling == "per_image" || t.Jitter == 1 }

// PartlyPerImage returns the share of the pixels of a pattern that is drawn afresh for
// every image. It is 0 with PerImage, where there is no pattern of the attacker's.
func (t Trigger) PartlyPerImage() float64 {
	if t.PerImage() {
		return 0
	}
	return t.Jitter
}

// jitterFits refuses a jitter of patterns that are drawn for every image already, or once
// at most, or that attackers share.
func jitterFits(c Config) *fault {
	f := &fault{key: "trigger.jitter", value: c.Trigger.Jitter}
	switch kind := triggers.Kind(c.Trigger.Kind); {
	case c.Trigger.Jitter == 0:
		return nil
	case c.Trigger.Sampling != "per_agent":
		f.reason = "must be 0 with trigger.sampling = " + c.Trigger.Sampling + ", which draws all pixels afresh"
	case kind.DrawnOnce():
		f.reason = "must be 0 with trigger.kind = " + c.Trigger.Kind + ": its patterns are not drawn for an image"
	case c.Trigger.Jitter == 1 && len(c.Attackers.Colluders) > 0:
		f.reason = "must be below 1 with attackers.colluders: there would be no trigger to share"
	default:
		return nil
	}
	return f
}
