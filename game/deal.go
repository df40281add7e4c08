package game

import (
	"math"
	"math/rand/v2"

	"backfire/datasets"
	"backfire/internal/streams"
)

// Defender is the Owner of the defender's images. The Owner of another agent's
// images is its position among the agents: that in Rules.Attackers for an
// attacker, and behind these for an honest contributor; see Rules.AgentIDs.
const Defender = -1

// Share holds one agent's images, as indices into the dataset.
type Share struct {
	// Owner is the agent's position, or Defender.
	Owner int `json:"owner"`
	// Contributed images are trained on; HeldOut images are only predicted.
	Contributed []int `json:"contributed"`
	HeldOut     []int `json:"held_out"`
}

// Deal assigns the images of the pool to their owners. Every image of the pool
// is in exactly one list of one share.
//
// The deal depends on the dataset, the seed, the pool size, the two shares and
// the number of seats, but not on the attackers' targets or triggers, nor on
// which seats attack. The defender's share does not depend on the seats.
type Deal struct {
	// Pool lists the images of the pool in the order of the draw: a smaller pool
	// of the same seed is a prefix.
	Pool []int `json:"pool"`
	// Defender has round(DefenderShare*len(Pool)) images.
	Defender Share `json:"defender"`
	// Attackers are in the order of Rules.Attackers. The seats have equal numbers
	// of images; if the images are not divisible, the first seats get one more.
	Attackers []Share `json:"attackers"`
	// Honest holds the shares of the honest contributors by ascending seat.
	Honest []Share `json:"honest,omitempty"`
}

// Agent returns the share of the agent at a position.
func (d *Deal) Agent(owner int) Share {
	if owner < len(d.Attackers) {
		return d.Attackers[owner]
	}
	return d.Honest[owner-len(d.Attackers)]
}

// round returns p*n rounded to the nearest integer, halves up. The conversion
// keeps the compiler from fusing the product into another operation, so that
// all machines agree.
func round(p float64, n int) int { return int(math.Round(float64(p * float64(n)))) }

// imageOrder is a random order of the whole dataset that takes one image of
// each class in turn. Every prefix of up to balanced images is class-balanced.
type imageOrder struct {
	images   []int
	balanced int
}

// newImageOrder returns the order of a seed. Classes without images are left
// out. Within an incomplete turn the classes that come first have one image
// more than the others; the order of the classes is random and the same in
// every turn.
func newImageOrder(set *datasets.Set, seed uint64) imageOrder {
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
	o := imageOrder{images: make([]int, 0, set.Len()), balanced: set.Len()}
	for depth := 0; len(o.images) < set.Len(); depth++ {
		for _, class := range turns {
			if depth < len(class) {
				o.images = append(o.images, class[depth])
			} else {
				o.balanced = min(o.balanced, len(o.images))
			}
		}
	}
	return o
}

// swapper returns the swap function of a slice for rand.Shuffle.
func swapper(s []int) func(i, j int) { return func(i, j int) { s[i], s[j] = s[j], s[i] } }

// shareSizes holds the numbers of images of the defender and of all seats
// together.
type shareSizes struct {
	defender, seated, seats int
}

// shareSizes returns the sizes of the shares of a pool.
func (r Rules) shareSizes(pool int) shareSizes {
	defender := round(r.DefenderShare, pool)
	return shareSizes{defender: defender, seated: pool - defender, seats: r.SeatCount()}
}

// of returns the number of images of a seat.
func (s shareSizes) of(seat int) int {
	if seat < s.seated%s.seats {
		return s.seated/s.seats + 1
	}
	return s.seated / s.seats
}

// takeRandom removes n random images from a deck and returns them and the rest,
// both in the deck's memory.
func takeRandom(rng *rand.Rand, deck []int, n int) (taken, rest []int) {
	for last := len(deck) - 1; last >= len(deck)-n; last-- {
		at := rng.IntN(last + 1)
		deck[at], deck[last] = deck[last], deck[at]
	}
	return deck[len(deck)-n:], deck[:len(deck)-n]
}

// defenderStream is the index of the stream by which the defender's images are
// split; that of a seat follows it.
const defenderStream = 0

// split divides n images of one owner at random into round(HeldOut*n) that are
// held out and the others, which are contributed. It reorders images and keeps
// it.
func (r Rules) split(owner int, stream uint64, images []int) Share {
	streams.New(r.Seed, "split", stream).Shuffle(len(images), swapper(images))
	held := round(r.HeldOut, len(images))
	return Share{Owner: owner, HeldOut: images[:held:held], Contributed: images[held:len(images):len(images)]}
}
