package game

import (
	"math"
	"math/rand/v2"

	"backfire/datasets"
	"backfire/internal/streams"
)

// Defender is the Owner of the defender's images; attackers own by position.
const Defender = -1

// Share is one player's images, as indices into the dataset.
type Share struct {
	// Owner is a position in Rules.Attackers, or Defender.
	Owner int `json:"owner"`
	// Contributed images are trained on; HeldOut images are only asked about.
	Contributed []int `json:"contributed"`
	HeldOut     []int `json:"held_out"`
}

// Deal says who owns which image of the pool. Every image of the pool is in
// exactly one list of one share.
//
// The deal follows from the seed, the pool size, the two shares and the number
// of attackers; who the attackers are and what they want does not touch it. The
// defender's share is the same whatever the number of attackers.
type Deal struct {
	// Pool lists the images played for, in the order of the draw: a smaller
	// pool of the same seed is a prefix.
	Pool []int `json:"pool"`
	// Defender has round(DefenderShare*len(Pool)) images.
	Defender Share `json:"defender"`
	// Attackers share the others equally, in the order of Rules.Attackers;
	// where that is not possible, the first have one image more.
	Attackers []Share `json:"attackers"`
}

// round returns p*n rounded to the nearest integer, halves up. The conversion
// keeps the product from being fused into another operation, so that all
// machines agree.
func round(p float64, n int) int { return int(math.Round(float64(p * float64(n)))) }

// draw is a random order of the whole dataset of which every prefix up to
// balanced images is class-balanced: it takes one image of each class in turn.
type draw struct {
	order    []int
	balanced int
}

// newDraw makes the draw of a seed. Classes without images take no part. As in
// any dealing in turns, the classes that come first have one image more until
// the turn is complete; which do is random, and the same for every prefix.
func newDraw(set *datasets.Set, seed uint64) draw {
	images := make([][]int, len(set.Classes))
	for i, label := range set.Labels {
		images[label] = append(images[label], i)
	}
	var turns [][]int
	for _, class := range streams.New(seed, "pool").Perm(len(images)) {
		if len(images[class]) > 0 {
			turns = append(turns, images[class])
			streams.New(seed, "pool", uint64(class)).Shuffle(len(images[class]), swapper(images[class]))
		}
	}
	d := draw{order: make([]int, 0, set.Len()), balanced: set.Len()}
	for depth := 0; len(d.order) < set.Len(); depth++ {
		for _, class := range turns {
			if depth < len(class) {
				d.order = append(d.order, class[depth])
			} else {
				d.balanced = min(d.balanced, len(d.order))
			}
		}
	}
	return d
}

// swapper returns the swap function of a slice for rand.Shuffle.
func swapper(s []int) func(i, j int) { return func(i, j int) { s[i], s[j] = s[j], s[i] } }

// counts are the sizes that the shares of a pool have.
type counts struct {
	defender, attackers, n int
}

// counts returns the sizes of the shares of a pool.
func (r Rules) counts(pool int) counts {
	defender := round(r.DefenderShare, pool)
	return counts{defender: defender, attackers: pool - defender, n: len(r.Attackers)}
}

// of returns the number of images of the attacker at a position.
func (c counts) of(position int) int {
	if position < c.attackers%c.n {
		return c.attackers/c.n + 1
	}
	return c.attackers / c.n
}

// take takes n images at random from a deck and returns them and the rest,
// both in the deck's memory.
func take(rng *rand.Rand, deck []int, n int) (taken, rest []int) {
	for last := len(deck) - 1; last >= len(deck)-n; last-- {
		at := rng.IntN(last + 1)
		deck[at], deck[last] = deck[last], deck[at]
	}
	return deck[len(deck)-n:], deck[:len(deck)-n]
}

// split divides the images of one owner at random into round(HeldOut*n) held
// out and the others contributed. It reorders images and keeps it.
func (r Rules) split(owner int, images []int) Share {
	streams.New(r.Seed, "split", uint64(owner+1)).Shuffle(len(images), swapper(images))
	held := round(r.HeldOut, len(images))
	return Share{Owner: owner, HeldOut: images[:held:held], Contributed: images[held:len(images):len(images)]}
}
