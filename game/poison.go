package game

import (
	"backfire/datasets"
	"backfire/internal/streams"
)

// poison is what one attacker does to its contribution.
type poison struct {
	// budget is the number of images that p0 asks for.
	budget int
	// poisoned is the number of images poisoned: the budget, or all there are.
	poisoned int
	// marks says for each contributed image whether it is poisoned.
	marks []bool
}

// poisons chooses the images of a contribution that an attacker poisons.
//
// Dirty label: round(p0*n) of all n contributed images, drawn from those whose
// label is not yet the target (stamping an image that already has the target
// label would be a clean-label attack in disguise). Where p0 asks for more
// images than there are (p0 = 0.9 with a tenth of the images of the target
// class is on the edge), all of them are poisoned, and the score shows budget
// and poisoned side by side. Clean label: round(p0*n) of the n images of the
// target class.
//
// The choice is a prefix of one random order of the candidates, so a higher
// p0 poisons the same images and more.
func (a Attacker) poisons(set *datasets.Set, seed uint64, contributed []int) poison {
	var candidates []int // positions in contributed
	for at, image := range contributed {
		if (int(set.Labels[image]) == a.Target) == (a.LabelMode == CleanLabel) {
			candidates = append(candidates, at)
		}
	}
	p := poison{budget: round(a.PoisonRate, len(contributed)), marks: make([]bool, len(contributed))}
	if a.LabelMode == CleanLabel {
		p.budget = round(a.PoisonRate, len(candidates))
	}
	p.poisoned = min(p.budget, len(candidates))
	for _, i := range streams.New(seed, "poison", uint64(a.ID)).Perm(len(candidates))[:p.poisoned] {
		p.marks[candidates[i]] = true
	}
	return p
}
