package game

import "slices"

// SeatCount returns the number of seats among which the images are split that
// the defender does not own.
func (r Rules) SeatCount() int {
	if r.Seats == 0 {
		return len(r.Attackers)
	}
	return r.Seats
}

// AgentIDs returns the IDs of the agents by position: the attackers in the order
// of Rules.Attackers, then the honest contributors, whose IDs are their seats,
// in ascending order.
func (r Rules) AgentIDs() []int {
	ids := make([]int, 0, r.SeatCount())
	for _, a := range r.Attackers {
		ids = append(ids, a.ID)
	}
	return append(ids, r.honestSeats()...)
}

// AgentPosition returns the position of the agent with an ID, or -1.
func (r Rules) AgentPosition(id int) int { return slices.Index(r.AgentIDs(), id) }

// honestSeats returns the seats without an attacker in ascending order.
func (r Rules) honestSeats() []int {
	if r.Seats == 0 {
		return nil
	}
	attacks := make(map[int]bool, len(r.Attackers))
	for _, a := range r.Attackers {
		attacks[a.ID] = true
	}
	var honest []int
	for seat := range r.Seats {
		if !attacks[seat] {
			honest = append(honest, seat)
		}
	}
	return honest
}

// owners returns the agent's position by seat.
func (r Rules) owners() []int {
	owners := make([]int, r.SeatCount())
	for position, a := range r.Attackers {
		if r.Seats == 0 {
			owners[position] = position
		} else {
			owners[a.ID] = position
		}
	}
	for i, seat := range r.honestSeats() {
		owners[seat] = len(r.Attackers) + i
	}
	return owners
}

// ownsSeatOfID reports whether every attacker owns the seat of its ID.
func (r Rules) ownsSeatOfID() bool {
	if r.Seats > 0 {
		return true
	}
	for position, a := range r.Attackers {
		if a.ID != position {
			return false
		}
	}
	return true
}

// Canonical returns the rules in their only spelling: Seats is 0 if every seat
// attacks, and TriggerSeed is nil if it is Seed.
func (r Rules) Canonical() Rules {
	if r.Seats == len(r.Attackers) {
		r.Seats = 0
	}
	if r.TriggerSeed != nil && *r.TriggerSeed == r.Seed {
		r.TriggerSeed = nil
	}
	return r
}

// MatchedSingle returns the rules of the matched single game of the attacker at
// a position: it attacks alone, with the same images, and every other seat is
// honest. The result is false if the rules have no such game, as their seats are
// those of the list and the attackers' IDs are others.
func (r Rules) MatchedSingle(position int) (Rules, bool) {
	if len(r.Attackers) == 1 && !r.Contributors {
		return r, true
	}
	if !r.ownsSeatOfID() {
		return Rules{}, false
	}
	r.Seats = r.SeatCount()
	r.Attackers = []Attacker{r.Attackers[position]}
	return r.Canonical(), true
}

// Lone returns the rules of the game in which the attacker at a position owns
// everything that the defender does not.
func (r Rules) Lone(position int) Rules {
	r.Seats, r.Contributors = 0, false
	r.Attackers = []Attacker{r.Attackers[position]}
	return r
}

// WithoutAttackBy returns the rules of the game in which the attacker at a
// position poisons nothing, and the others play on. Its ASR there is the
// transfer: what its trigger does to a model that never saw it.
func (r Rules) WithoutAttackBy(position int) Rules {
	r.Attackers = slices.Clone(r.Attackers)
	r.Attackers[position].PoisonRate = 0
	return r
}

// checkSeats refuses seats that do not fit the attackers, and a second spelling
// of the same game.
func (r Rules) checkSeats() error {
	switch {
	case r.Seats < 0:
		return refuse("seats is %d: it must be at least 0", r.Seats)
	case r.Seats == 0:
		return nil
	case r.Seats < len(r.Attackers):
		return refuse("%d seats for %d attackers: choose as many seats or more", r.Seats, len(r.Attackers))
	case r.Seats == len(r.Attackers):
		return refuse("%d seats, all of which attack: write 0 seats, which is the same game", r.Seats)
	}
	for i, a := range r.Attackers {
		if a.ID >= r.Seats {
			return refuse("attacker %d has no seat among %d, which are numbered from 0: choose more seats or a smaller ID", a.ID, r.Seats)
		}
		if i > 0 && a.ID <= r.Attackers[i-1].ID {
			return refuse("attacker %d is listed after attacker %d: with seats, IDs must ascend", a.ID, r.Attackers[i-1].ID)
		}
	}
	return nil
}
