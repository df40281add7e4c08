package equilibrium

import (
	"cmp"
	"slices"

	"gonum.org/v1/gonum/graph/simple"
	"gonum.org/v1/gonum/graph/topo"
)

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
// are cycles. From every profile, best responses lead to one of them. The sets are ordered
// by their first profile.
func (g *Game) Sinks(tolerance float64) [][]Profile {
	graph := simple.NewDirectedGraph()
	for i := range g.profiles {
		graph.AddNode(simple.Node(i))
	}
	for _, r := range g.Responses(tolerance) {
		graph.SetEdge(graph.NewEdge(simple.Node(g.index[r.From.key()]), simple.Node(g.index[r.To.key()])))
	}
	var sinks [][]int
	for _, component := range topo.TarjanSCC(graph) {
		inside := map[int64]bool{}
		for _, node := range component {
			inside[node.ID()] = true
		}
		var members []int
		left := false
		for id := range inside {
			members = append(members, int(id))
			for to := graph.From(id); to.Next(); {
				left = left || !inside[to.Node().ID()]
			}
		}
		if !left {
			slices.Sort(members)
			sinks = append(sinks, members)
		}
	}
	slices.SortFunc(sinks, func(a, b []int) int { return cmp.Compare(a[0], b[0]) })
	sets := make([][]Profile, len(sinks))
	for i, members := range sinks {
		for _, at := range members {
			sets[i] = append(sets[i], g.profiles[at])
		}
	}
	return sets
}
