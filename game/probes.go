package game

import "backfire/triggers"

// Probe describes one image that the model predicts.
type Probe struct {
	// Source is the image's index in the dataset.
	Source int
	// Owner is the position of the agent that held it out, or Defender.
	Owner int
	// Trigger is the position of the attacker whose trigger it carries, or
	// NoTrigger.
	Trigger int
	// Label is the true label.
	Label uint16
}

// Probes holds the images whose predictions a Score needs, each once: the
// defender's held-out images, then all attackers' held-out images without a
// trigger, then the same images with their owner's trigger, then the held-out
// images of the honest contributors. They do not depend
// on the readings (ExcludeTargetClass, Denominator), so the same predictions
// can be scored under other readings.
type Probes struct {
	// Shape is the shape of each image.
	Shape triggers.Shape
	// Images holds N images of Shape.Size() values, one after another.
	Images []uint8
	// N is the number of images.
	N int
	// List describes each image.
	List []Probe
}

// probeList returns the probes in their order.
func (g *Game) probeList() []Probe {
	n := len(g.deal.Defender.HeldOut)
	for _, share := range g.deal.Attackers {
		n += 2 * len(share.HeldOut)
	}
	for _, share := range g.deal.Honest {
		n += len(share.HeldOut)
	}
	list := make([]Probe, 0, n)
	add := func(share Share, trigger int) {
		for _, source := range share.HeldOut {
			list = append(list, Probe{Source: source, Owner: share.Owner, Trigger: trigger, Label: g.set.Labels[source]})
		}
	}
	add(g.deal.Defender, NoTrigger)
	for _, share := range g.deal.Attackers {
		add(share, NoTrigger)
	}
	for _, share := range g.deal.Attackers {
		add(share, share.Owner)
	}
	for _, share := range g.deal.Honest {
		add(share, NoTrigger)
	}
	return list
}

// Probes builds the images that the trained model predicts. Each call builds
// new ones, 1 byte per value in a single allocation.
func (g *Game) Probes() *Probes {
	list := g.probeList()
	p := &Probes{Shape: g.shape, Images: make([]uint8, 0, len(list)*g.shape.Size()), N: len(list), List: list}
	for _, probe := range list {
		at := len(p.Images)
		p.Images = append(p.Images, g.set.Image(probe.Source)...)
		if probe.Trigger != NoTrigger {
			g.stamp(p.Images[at:], probe.Trigger, probe.Source)
		}
	}
	return p
}
