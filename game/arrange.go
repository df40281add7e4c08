package game

import (
	"fmt"
	"slices"

	"backfire/datasets"
	"backfire/internal/streams"
)

// arrangement is a deal and the attackers' choices in it.
type arrangement struct {
	deal   *Deal
	poison []poison
}

// arrange validates the rules, deals and lets the attackers choose.
func (r Rules) arrange(set *datasets.Set) (*arrangement, error) {
	if err := r.check(set); err != nil {
		return nil, err
	}
	resolved, d := r.Resolve(set), newDraw(set, r.Seed)
	if pool := resolved.PoolSize; pool > d.balanced && pool < set.Len() {
		return nil, refuse("a pool of %d images cannot be class-balanced, as the smallest class of %s has too few: choose at most %d, or 0 for the whole dataset",
			pool, set.Name, d.balanced)
	}
	a, short := resolved.try(set, d)
	if short == nil {
		return a, nil
	}
	if size, ok := r.smallestPool(set, d); ok {
		return nil, refuse("in a pool of %d images %v: the smallest pool that works for %d %s is %d",
			resolved.PoolSize, short, len(r.Attackers), plural(len(r.Attackers), "attacker"), size)
	}
	return nil, refuse("in a pool of %d images %v, and all %d images of %s do not suffice: choose fewer attackers or larger shares and poison rates",
		resolved.PoolSize, short, set.Len(), set.Name)
}

// plural returns the word for n things.
func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// try deals the first PoolSize images of the draw and lets the attackers
// choose. Rules must pass check. Where somebody comes off short, the error says
// who and of what, as the middle of a sentence.
//
// The attackers take their images from the deck one after another, and what
// they leave is the defender's: the same images whatever their number.
func (r Rules) try(set *datasets.Set, d draw) (*arrangement, error) {
	if err := r.countsSuffice(); err != nil {
		return nil, err
	}
	a := &arrangement{deal: &Deal{Pool: d.order[:r.PoolSize:r.PoolSize]}}
	deck, rng, sizes := slices.Clone(a.deal.Pool), streams.New(r.Seed, "deal"), r.counts(r.PoolSize)
	for i, attacker := range r.Attackers {
		var images []int
		images, deck = take(rng, deck, sizes.of(i))
		share := r.split(i, images)
		p := attacker.poisons(set, r.Seed, share.Contributed)
		if attacker.PoisonRate > 0 && p.poisoned == 0 {
			return nil, attacker.nothingToPoison(len(p.marks))
		}
		a.deal.Attackers, a.poison = append(a.deal.Attackers, share), append(a.poison, p)
	}
	a.deal.Defender = r.split(Defender, deck)
	return a, nil
}

// nothingToPoison says that an attacker poisons none of n contributed images.
func (a Attacker) nothingToPoison(n int) error {
	return fmt.Errorf("attacker %d with p0 = %v and %s labels finds nothing to poison among its %d", a.ID, a.PoisonRate, a.LabelMode, n)
}

// countsSuffice checks what the sizes of the shares alone rule out.
func (r Rules) countsSuffice() error {
	sizes := r.counts(r.PoolSize)
	if held := round(r.HeldOut, sizes.defender); held < 1 || held == sizes.defender {
		return fmt.Errorf("the defender gets %d, too few to contribute some and hold out some", sizes.defender)
	}
	// Backwards, as the last attackers have the smallest shares.
	for i := len(r.Attackers) - 1; i >= 0; i-- {
		a, n := r.Attackers[i], sizes.of(i)
		held := round(r.HeldOut, n)
		if held < 1 || held == n {
			return fmt.Errorf("attacker %d gets %d, too few to contribute some and hold out some", a.ID, n)
		}
		// A bound for clean labels too, whose candidates are among these.
		if a.PoisonRate > 0 && round(a.PoisonRate, n-held) < 1 {
			return a.nothingToPoison(n - held)
		}
	}
	return nil
}

// SmallestPool returns the smallest pool of the dataset for which Validate
// finds no fault with the rules, whatever their PoolSize, and whether there is
// one. Where not even the whole dataset works, it looks no further.
func (r Rules) SmallestPool(set *datasets.Set) (size int, ok bool) {
	r.PoolSize = 0
	if r.check(set) != nil {
		return 0, false
	}
	return r.smallestPool(set, newDraw(set, r.Seed))
}

// smallestPool is SmallestPool for rules that pass check. Whether a deal works
// depends on which images it gives to whom and not only on their number, so it
// tries every size from the smallest on.
func (r Rules) smallestPool(set *datasets.Set, d draw) (size int, ok bool) {
	r.PoolSize = set.Len()
	if _, err := r.try(set, d); err != nil {
		return 0, false
	}
	for r.PoolSize = 1; r.PoolSize <= d.balanced; r.PoolSize++ {
		if _, err := r.try(set, d); err == nil {
			return r.PoolSize, true
		}
	}
	return set.Len(), true
}
