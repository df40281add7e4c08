package equilibrium

import "math/bits"

// layout holds what all games of a number of players and strategies share.
type layout struct {
	players, strategies int
	profiles            []Profile
	index               map[string]int // of a profile, by its key
	// opponents are the profiles of all players but one; orders are the numbers of orders
	// in which they can choose.
	opponents []Profile
	orders    []float64
	// joined is the profile that a player with a strategy makes of its opponents, by
	// opponents and strategy. left is the reverse: the opponents of a player of a profile,
	// by profile and the player's strategy, -1 where the strategy is not played.
	joined, left [][]int
	// faces holds, for each set of strategies as a bit mask, the opponents that play no
	// other, in the order of Profiles.
	faces [][]int
	// rows are those of edgeRows on a face, by its number of strategies, 3 to FullSupports.
	rows [FullSupports + 1][][][]int
	// steps holds, for the same faces, the opponents that all but one of them make together
	// with another one, by these and the strategy of the other one.
	steps [FullSupports + 1][][]int
}

// newLayout returns the layout of a number of players, at least 2, and strategies.
func newLayout(players, strategies int) *layout {
	l := &layout{
		players: players, strategies: strategies, index: map[string]int{},
		profiles: Profiles(players, strategies), opponents: Profiles(players-1, strategies),
		faces: make([][]int, 1<<strategies),
	}
	for i, p := range l.profiles {
		l.index[p.key()] = i
		left := make([]int, strategies)
		for s := range left {
			left[s] = -1
		}
		l.left = append(l.left, left)
	}
	for i, o := range l.opponents {
		l.orders = append(l.orders, o.multinomial())
		joined, played := make([]int, strategies), 0
		for s := range joined {
			joined[s] = l.index[o.Joined(s).key()]
			l.left[joined[s]][s] = i
			if o[s] > 0 {
				played |= 1 << s
			}
		}
		l.joined = append(l.joined, joined)
		for mask := range l.faces {
			if played&^mask == 0 {
				l.faces[mask] = append(l.faces[mask], i)
			}
		}
	}
	for corners := 3; corners <= min(strategies, FullSupports); corners++ {
		opponents := Profiles(players-1, corners)
		l.rows[corners], l.steps[corners] = edgeRows(opponents, corners), joinSteps(opponents, corners)
	}
	return l
}

// members returns the strategies of a bit mask, ascending.
func members(mask int) []int {
	all := make([]int, 0, bits.OnesCount(uint(mask)))
	for s := 0; mask>>s > 0; s++ {
		if mask>>s&1 == 1 {
			all = append(all, s)
		}
	}
	return all
}

// maskOf returns the bit mask of strategies.
func maskOf(strategies []int) int {
	mask := 0
	for _, s := range strategies {
		mask |= 1 << s
	}
	return mask
}
