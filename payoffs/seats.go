package payoffs

import (
	"fmt"
	"strconv"
	"strings"

	"backfire/equilibrium"
)

// Player is an owner of seats in the training of a profile.
type Player struct {
	Strategy int
	// Seats are the seats on which it attacks, ascending.
	Seats []int
	// Leader is the first seat of the player whose trigger and target label it uses: its own
	// first seat, unless it is in a coalition.
	Leader int
	// Block is the number of the player's block of seats, from 0 on.
	Block int
}

// BlockSize returns the number of seats that are reserved for each player: the largest
// number of seats of a strategy. Players that attack on fewer leave the others of their
// block to honest contributors.
func (s *Spec) BlockSize() int {
	size := 1
	for _, one := range s.Strategies {
		size = max(size, one.SeatCount())
	}
	return size
}

// Seat returns the players of a profile with their seats. The strategies of a profile are
// listed in their order, once for each player, and player i of the list has block
// (i + seed) mod N. So over N seeds in a row every strategy of a profile has every block
// equally often, and what a seat has of its own, such as its images and its trigger, is
// paid to no strategy more than to another. Which cell a profile has on a seed depends on
// nothing else, so that further seeds add cells and change none. The players are in the
// order of their blocks.
func (s *Spec) Seat(p equilibrium.Profile, seed uint64) []Player {
	players, size := make([]Player, s.Players), s.BlockSize()
	at := 0
	for strategy, count := range p {
		for range count {
			block := int((uint64(at) + seed) % uint64(s.Players))
			player := Player{Strategy: strategy, Block: block, Leader: block * size}
			for i := range s.Strategies[strategy].SeatCount() {
				player.Seats = append(player.Seats, block*size+i)
			}
			players[block] = player
			at++
		}
	}
	leader := -1
	for i, player := range players {
		if !s.Strategies[player.Strategy].Coalition {
			continue
		}
		if leader < 0 {
			leader = player.Leader
		}
		players[i].Leader = leader
	}
	return players
}

// Key returns a profile as sweeps name it, such as "1,1,0".
func Key(p equilibrium.Profile) string {
	var parts []string
	for _, count := range p {
		parts = append(parts, strconv.Itoa(count))
	}
	return strings.Join(parts, ",")
}

// ParseKey reads a profile that Key wrote.
func (s *Spec) ParseKey(text string) (equilibrium.Profile, error) {
	var p equilibrium.Profile
	for part := range strings.SplitSeq(text, ",") {
		count, err := strconv.Atoi(part)
		if err != nil || count < 0 {
			return nil, fmt.Errorf("payoffs: profile %q: %w", text, ErrSpec)
		}
		p = append(p, count)
	}
	if len(p) != len(s.Strategies) || p.Players() != s.Players {
		return nil, fmt.Errorf("payoffs: profile %q of %d players with %d strategies: %w", text, s.Players, len(s.Strategies), ErrSpec)
	}
	return p, nil
}
