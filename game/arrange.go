package game

import (
	"fmt"
	"slices"
	"strings"

	"backfire/datasets"
	"backfire/internal/streams"
)

// arrangement is a deal and each attacker's choice of poisoned images in it.
type arrangement struct {
	deal   *Deal
	poison []poisoning
}

// arrange validates the rules, deals the images and chooses those to be
// poisoned.
func (r Rules) arrange(set *datasets.Set) (*arrangement, error) {
	if err := r.check(outlineOf(set)); err != nil {
		return nil, err
	}
	if err := r.checkContributors(set); err != nil {
		return nil, err
	}
	resolved, order := r.Resolve(set), newImageOrder(set, r.Seed)
	if pool := resolved.PoolSize; pool > order.balanced && pool < set.Len() {
		return nil, refuse("a pool of %d images cannot be class-balanced, as the smallest class of %s has too few images: choose at most %d, or 0 for the whole dataset",
			pool, set.Name, order.balanced)
	}
	a, short := resolved.tryDeal(set, order)
	if short == nil {
		return a, nil
	}
	if size, ok := r.smallestPool(set, order); ok {
		return nil, refuse("in a pool of %d images %v: the smallest pool that works for %s is %d", resolved.PoolSize, short, r.players(), size)
	}
	return nil, refuse("in a pool of %d images %v, and all %d images of %s do not suffice: choose fewer %s or larger shares and poison rates",
		resolved.PoolSize, short, set.Len(), set.Name, r.playersKind())
}

// players names the agents beside the defender, as in "5 attackers" and "10
// seats".
func (r Rules) players() string {
	n := r.SeatCount()
	return fmt.Sprintf("%d %s", n, plural(n, strings.TrimSuffix(r.playersKind(), "s")))
}

// playersKind returns what the pool has to suffice for: attackers or seats.
func (r Rules) playersKind() string {
	if r.Seats > 0 {
		return "seats"
	}
	return "attackers"
}

// plural returns the word, with an s unless n is 1.
func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// tryDeal deals the first PoolSize images of the order and chooses those to be
// poisoned. The rules must pass check. If an agent gets too few images, the
// error names the agent and the shortage, as the middle of a sentence.
//
// The seats take their images from the deck one after another, and the defender
// gets the rest: the same images for every number of seats.
func (r Rules) tryDeal(set *datasets.Set, order imageOrder) (*arrangement, error) {
	if r.Contributors {
		return r.dealContributors(set, order)
	}
	if err := r.checkShareSizes(); err != nil {
		return nil, err
	}
	a := &arrangement{
		deal:   &Deal{Pool: order.images[:r.PoolSize:r.PoolSize], Attackers: make([]Share, len(r.Attackers))},
		poison: make([]poisoning, len(r.Attackers)),
	}
	deck, rng, sizes := slices.Clone(a.deal.Pool), streams.New(r.Seed, "deal"), r.shareSizes(r.PoolSize)
	for seat, owner := range r.owners() {
		var images []int
		images, deck = takeRandom(rng, deck, sizes.of(seat))
		if err := a.seat(set, r, owner, seat, images); err != nil {
			return nil, err
		}
	}
	a.deal.Defender = r.split(Defender, defenderStream, deck)
	return a, nil
}

// nothingToPoison returns the error of an attacker that can poison none of its
// n contributed images.
func (a Attacker) nothingToPoison(n int) error {
	return fmt.Errorf("attacker %d with p0 = %v and %s labels finds nothing to poison among its %d", a.ID, a.PoisonRate, a.LabelMode, n)
}

// tooFew returns the error of an agent that gets n images.
func tooFew(agent string, n int) error {
	return fmt.Errorf("%s gets %d %s, too few to contribute some and hold out some", agent, n, plural(n, "image"))
}

// checkShareSizes refuses pools that are too small by the sizes of the shares
// alone.
func (r Rules) checkShareSizes() error {
	sizes := r.shareSizes(r.PoolSize)
	if held := round(r.HeldOut, sizes.defender); held < 1 || held == sizes.defender {
		return tooFew("the defender", sizes.defender)
	}
	owners := r.owners()
	// Backwards, as the last seats have the smallest shares.
	for seat := len(owners) - 1; seat >= 0; seat-- {
		n := sizes.of(seat)
		held := round(r.HeldOut, n)
		short := held < 1 || held == n
		if owners[seat] >= len(r.Attackers) {
			if short {
				return tooFew(fmt.Sprintf("honest contributor %d", seat), n)
			}
			continue
		}
		a := r.Attackers[owners[seat]]
		if short {
			return tooFew(fmt.Sprintf("attacker %d", a.ID), n)
		}
		// This bounds clean labels too, whose candidates are among these images.
		if a.PoisonRate > 0 && round(a.PoisonRate, n-held) < 1 {
			return a.nothingToPoison(n - held)
		}
	}
	return nil
}

// SmallestPool returns the smallest pool size with which the rules pass
// Validate, and whether there is one. It ignores their PoolSize. It returns
// false if the whole dataset does not suffice, without trying smaller pools.
func (r Rules) SmallestPool(set *datasets.Set) (size int, ok bool) {
	r.PoolSize = 0
	if r.check(outlineOf(set)) != nil || r.checkContributors(set) != nil {
		return 0, false
	}
	return r.smallestPool(set, newImageOrder(set, r.Seed))
}

// smallestPool implements SmallestPool for rules that pass check. It tries every
// size in ascending order, because a deal can fail by the labels of the images
// that an attacker gets and not only by their number.
func (r Rules) smallestPool(set *datasets.Set, order imageOrder) (size int, ok bool) {
	r.PoolSize = set.Len()
	if _, err := r.tryDeal(set, order); err != nil {
		return 0, false
	}
	for r.PoolSize = 1; r.PoolSize <= order.balanced; r.PoolSize++ {
		if _, err := r.tryDeal(set, order); err == nil {
			return r.PoolSize, true
		}
	}
	return set.Len(), true
}
