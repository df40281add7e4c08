package game

import (
	"backfire/datasets"
	"backfire/internal/streams"
)

// poisoning is one attacker's choice of the images that it poisons.
type poisoning struct {
	// budget is the number of images that p0 asks for.
	budget int
	// poisoned is the number of images poisoned: the budget, or the number of
	// candidates if that is smaller.
	poisoned int
	// marks holds for each contributed image whether it is poisoned.
	marks []bool
}

// choosePoisoned chooses the images of a contribution that an attacker poisons.
//
// With DirtyLabel it chooses round(p0*n) of all n contributed images, drawn from
// those whose label is not the target (stamping an image that already has the
// target label would be a clean-label attack). If p0 asks for more images than
// there are candidates (with a tenth of the images in the target class, above
// p0 = 0.9), all candidates are poisoned; the score shows both numbers. With Budget
// AnyImage all contributed images are candidates. With CleanLabel it chooses
// round(p0*n) of the n images of the target class. With AllToAll all contributed images
// are candidates, and with SourceSpecific those of its source classes.
//
// The choice is a prefix of one random order of the candidates, so a higher
// p0 poisons the same images and more.
func (a Attacker) choosePoisoned(set *datasets.Set, seed uint64, contributed []int) poisoning {
	var candidates []int // positions in contributed
	for at, image := range contributed {
		label := int(set.Labels[image])
		if a.LabelMode == CleanLabel && label == a.Target || a.LabelMode != CleanLabel && a.attacks(label) {
			candidates = append(candidates, at)
		}
	}
	p := poisoning{budget: round(a.PoisonRate, len(contributed)), marks: make([]bool, len(contributed))}
	if a.LabelMode == CleanLabel {
		p.budget = round(a.PoisonRate, len(candidates))
	}
	p.poisoned = min(p.budget, len(candidates))
	for _, i := range streams.New(seed, "poison", uint64(a.ID)).Perm(len(candidates))[:p.poisoned] {
		p.marks[candidates[i]] = true
	}
	return p
}
