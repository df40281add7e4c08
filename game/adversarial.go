package game

import (
	"runtime"
	"sync"

	"backfire/internal/streams"
	"backfire/internal/surrogate"
	"backfire/triggers"
)

// adversary computes the adversarial triggers of one attacker. It works at the first use:
// a game that is only planned trains no surrogate.
type adversary struct {
	net     func() *surrogate.Net
	trigger func() *triggers.Trigger // the one for all of the attacker's images
}

// newAdversary returns the adversary of the attacker at a position, nil unless its trigger
// is adversarial. The surrogate learns the attacker's contributed images with their true
// labels. All draws are from the attacker's own streams.
func (g *Game) newAdversary(position int) *adversary {
	a := g.rules.Attackers[position]
	if a.Trigger.Kind != triggers.Adversarial {
		return nil
	}
	adv := &adversary{}
	adv.net = sync.OnceValue(func() *surrogate.Net {
		images, labels := g.imagesOf(g.deal.Attackers[position].Contributed, nil)
		seed, index := g.rules.triggerSeed(), a.triggerIndex()
		net := surrogate.New(surrogate.Shape(g.shape), len(g.set.Classes), streams.New(seed, "surrogate weights", index...))
		net.Train(images, labels, a.Trigger.SurrogateSteps, streams.New(seed, "surrogate order", index...))
		return net
	})
	adv.trigger = sync.OnceValue(func() *triggers.Trigger {
		images, _ := g.imagesOf(g.deal.Attackers[position].Contributed, a.attacks)
		return g.towards(a, adv.net(), images)
	})
	return adv
}

// towards returns the trigger that leads images to an attacker's target.
func (g *Game) towards(a Attacker, net *surrogate.Net, images []uint8) *triggers.Trigger {
	t := a.Trigger
	attack := surrogate.Attack{Epsilon: t.Epsilon, StepSize: t.StepSize, Steps: t.Steps}
	return triggers.FromChange(g.shape, attack.Towards(net, images, a.Target))
}

// imagesOf returns images of the dataset and their labels; those whose label is wanted
// alone, if wanted is not nil.
func (g *Game) imagesOf(sources []int, wanted func(label int) bool) (images []uint8, labels []uint16) {
	for _, source := range sources {
		if label := g.set.Labels[source]; wanted == nil || wanted(int(label)) {
			images, labels = append(images, g.set.Image(source)...), append(labels, label)
		}
	}
	return images, labels
}

// resolve computes the adversarial triggers of all attackers, side by side.
func (g *Game) resolve() {
	g.resolved.Do(func() {
		if g.rules.Sampling != PerAgent {
			return
		}
		var wait sync.WaitGroup
		room := make(chan struct{}, runtime.GOMAXPROCS(0))
		for i, adv := range g.adversaries {
			if adv == nil {
				continue
			}
			wait.Go(func() {
				room <- struct{}{}
				g.triggers[i] = adv.trigger()
				<-room
			})
		}
		wait.Wait()
	})
}

// surrogateAccuracy returns the share of an attacker's held-out images, without trigger,
// that its surrogate classifies correctly; nil without a surrogate.
func (g *Game) surrogateAccuracy(position int) *Rate {
	adv := g.adversaries[position]
	if adv == nil {
		return nil
	}
	var r Rate
	for _, source := range g.deal.Attackers[position].HeldOut {
		r.Of++
		if adv.net().Classify(g.set.Image(source)) == int(g.set.Labels[source]) {
			r.Hits++
		}
	}
	return &r
}

// SurrogateImages returns the number of images that pass through the training steps of the
// attacker's surrogate; 0 without one.
func (a Attacker) SurrogateImages() int64 { return int64(a.Trigger.SurrogateSteps) * surrogate.Batch }

// checkAdversarial refuses what an adversarial trigger cannot have.
func (r Rules) checkAdversarial(a Attacker) error {
	switch {
	case a.Trigger.Kind != triggers.Adversarial:
		return nil
	case a.Colludes != nil:
		return refuse("attacker %d colludes with another one: a trigger of kind %s follows from the attacker's own images", a.ID, triggers.Adversarial)
	case a.Mapping == AllToAll:
		return refuse("attacker %d: a trigger of kind %s leads to one target label, and mapping %s has several", a.ID, triggers.Adversarial, AllToAll)
	case r.Jitter > 0:
		return refuse("attacker %d: a trigger of kind %s is computed, not drawn: jitter must be 0", a.ID, triggers.Adversarial)
	}
	return nil
}
