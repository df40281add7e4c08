package game

import (
	"backfire/internal/streams"
	"backfire/triggers"
)

// checkJitter refuses a jitter that has another spelling or no meaning.
func (r Rules) checkJitter() error {
	// Written this way round, the condition refuses NaN too.
	if allowed := r.Jitter >= 0 && r.Jitter < 1; !allowed {
		return refuse("jitter is %v: it must be at least 0 and below 1, which is sampling %s", r.Jitter, PerImage)
	}
	if r.Jitter == 0 {
		return nil
	}
	if r.Sampling == PerImage {
		return refuse("jitter is %v: it must be 0 with sampling %s, where all pixels are drawn for each image", r.Jitter, PerImage)
	}
	for _, a := range r.Attackers {
		if a.Trigger.Kind.DrawnOnce() {
			return refuse("attacker %d: its trigger is of kind %s, which is drawn once: jitter must be 0", a.ID, a.Trigger.Kind)
		}
	}
	return nil
}

// kept returns the pixels of an attacker's trigger that all of its images carry:
// n - round(jitter n) of its n pixels. A larger jitter keeps a part of them.
func (r Rules) kept(a Attacker, trigger *triggers.Trigger) *triggers.Trigger {
	n := trigger.Pixels()
	return trigger.Part(n-round(r.Jitter, n), streams.New(r.triggerSeed(), "trigger jitter", a.triggerIndex()...))
}

// TriggerOf returns the trigger that the attacker at a position stamps on the dataset's
// image at index source. With jitter that is the kept part of the attacker's trigger,
// joined with round(jitter n) of the n pixels of a trigger that is drawn for the image:
// the one that it has with sampling PerImage. Kept pixels cover drawn ones. A larger
// jitter draws the same pixels and more. The caller must not change the trigger.
func (g *Game) TriggerOf(position, source int) *triggers.Trigger {
	if g.rules.Sampling == PerAgent && g.rules.Jitter == 0 {
		return g.triggers[position]
	}
	seed, id := g.rules.triggerSeed(), g.rules.Attackers[position].ID
	drawn := g.generators[position].Draw(streams.New(seed, "trigger image", uint64(id), uint64(source)))
	if g.rules.Sampling == PerImage {
		return drawn
	}
	order := streams.New(seed, "trigger jitter image", uint64(id), uint64(source))
	return g.kept[position].Join(drawn.Part(round(g.rules.Jitter, drawn.Pixels()), order))
}
