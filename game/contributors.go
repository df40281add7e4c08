package game

import (
	"fmt"

	"backfire/datasets"
	"backfire/internal/streams"
)

// checkContributors refuses a deal among real contributors for a dataset without them, or
// with another number of them than seats.
func (r Rules) checkContributors(set *datasets.Set) error {
	if !r.Contributors {
		return nil
	}
	if set.Contributors == nil {
		return refuse("%s does not name the contributors of its images", set.Name)
	}
	if n := len(set.Contributors.Names); n != r.SeatCount() {
		return refuse("%d seats for the %d contributors of %s: each of them has one", r.SeatCount(), n, set.Name)
	}
	return nil
}

// dealContributors deals a pool among the defender and the real contributors. The
// defender draws its share from the whole pool, and every other image goes to the seat of
// its contributor, so that seats are as unequal as the contributors are. If an agent gets
// too few images, the error names the agent and the shortage, as the middle of a sentence.
func (r Rules) dealContributors(set *datasets.Set, order imageOrder) (*arrangement, error) {
	a := &arrangement{
		deal:   &Deal{Pool: order.images[:r.PoolSize:r.PoolSize], Attackers: make([]Share, len(r.Attackers))},
		poison: make([]poisoning, len(r.Attackers)),
	}
	deck := append([]int(nil), a.deal.Pool...)
	own, rest := takeRandom(streams.New(r.Seed, "deal"), deck, r.shareSizes(r.PoolSize).defender)
	if r.tooFew(len(own)) {
		return nil, tooFew("the defender", len(own))
	}
	bySeat := make([][]int, r.SeatCount())
	for _, image := range rest {
		seat := set.Contributors.Of[image]
		bySeat[seat] = append(bySeat[seat], image)
	}
	for seat, owner := range r.owners() {
		images := bySeat[seat]
		if r.tooFew(len(images)) {
			return nil, tooFew(fmt.Sprintf("contributor %d (%s)", seat, set.Contributors.Names[seat]), len(images))
		}
		if err := a.seat(set, r, owner, seat, images); err != nil {
			return nil, err
		}
	}
	a.deal.Defender = r.split(Defender, defenderStream, own)
	return a, nil
}

// tooFew reports whether an agent with n images contributes or holds out none.
func (r Rules) tooFew(n int) bool {
	held := round(r.HeldOut, n)
	return held < 1 || held == n
}

// seat splits the images of a seat and chooses those that its agent poisons.
func (a *arrangement) seat(set *datasets.Set, r Rules, owner, seat int, images []int) error {
	share := r.split(owner, defenderStream+1+uint64(seat), images)
	if owner >= len(r.Attackers) {
		a.deal.Honest = append(a.deal.Honest, share)
		return nil
	}
	attacker := r.Attackers[owner]
	p := attacker.choosePoisoned(set, r.Seed, share.Contributed)
	if attacker.PoisonRate > 0 && p.poisoned == 0 {
		return attacker.nothingToPoison(len(p.marks))
	}
	a.deal.Attackers[owner], a.poison[owner] = share, p
	return nil
}
