package equilibrium

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Equilibrium is a symmetric equilibrium: every player plays the same mixture, and no
// player gains by another strategy.
type Equilibrium struct {
	Mixture Mixture `json:"mixture"`
	// Support holds the strategies that the mixture plays, ascending. With one of them the
	// equilibrium is pure.
	Support []int `json:"support"`
	// Payoff is the expected payoff of a player.
	Payoff float64 `json:"payoff"`
	// Regret is a rounding error, at most Precision times the span of the payoffs.
	Regret float64 `json:"regret"`
}

// Symmetric holds the symmetric equilibria of a game.
type Symmetric struct {
	// Equilibria are ordered by the size of their support, then by the support, then by
	// their probabilities, from the pure ones on.
	Equilibria []Equilibrium `json:"equilibria"`
	// Degenerate holds the supports with equilibria that are not isolated, as where two
	// strategies never differ, or that the smallest change of the payoffs splits or removes.
	// Of a continuum, Equilibria has some points.
	Degenerate [][]int `json:"degenerate"`
	// Complete is true if all supports were searched, which is so up to FullSupports
	// strategies. With more, supports of up to three strategies are, and the others only
	// from where the replicator dynamics leads.
	Complete bool `json:"complete"`
}

const (
	// FullSupports is the largest number of strategies of which all supports are searched.
	FullSupports = 5
	// partSupports is the largest support that is searched in games with more strategies.
	partSupports = 3
	// partStarts is the number of starts of the replicator dynamics in these games.
	partStarts = 50
)

// Two mixtures are the same equilibrium if no probability differs by more than nearby, or
// by more than spread on a support with a continuum.
const (
	nearby = 1e-6
	spread = 0.1
)

// search collects the symmetric equilibria of a game.
type search struct {
	*Game
	tolerance float64
	found     []Equilibrium
	singular  []int // supports, as bit masks
}

// Symmetric returns the symmetric equilibria by enumeration of supports: those on which
// the strategies of the support pay the same, as roots of polynomials, and no other pays
// more. On two strategies the roots are isolated by the changes of sign of the polynomial's
// Bernstein coefficients (Descartes' rule), on more by subdivision of the simplex: a part
// on which the coefficients rule out an equilibrium is left out, and from every other part
// of the finest subdivision Newton's method starts.
func (g *Game) Symmetric() Symmetric {
	s := &search{Game: g, tolerance: Precision * g.span}
	largest := g.strategies
	if g.strategies > FullSupports {
		largest = partSupports
	}
	for mask := 1; mask < 1<<g.strategies; mask++ {
		if bits.OnesCount(uint(mask)) <= largest {
			s.support(mask)
		}
	}
	if largest < g.strategies {
		s.polish()
	}
	return s.result(largest == g.strategies)
}

// support searches one support.
func (s *search) support(mask int) {
	strategies := members(mask)
	switch len(strategies) {
	case 1:
		s.add(mask, PureMixture(s.strategies, strategies[0]), false)
	case 2:
		s.pair(mask, strategies[0], strategies[1])
	default:
		s.simplex(mask, strategies)
	}
}

// pair searches the mixtures of two strategies.
func (s *search) pair(mask, first, second int) {
	// The opponents of the face move from the first to the second strategy, so the
	// coefficients are those of a polynomial of the probability of the second.
	difference := make([]float64, s.players)
	for i, o := range s.faces[mask] {
		difference[i] = s.table[o][second] - s.table[o][first]
	}
	mix := func(x float64) Mixture {
		m := make(Mixture, s.strategies)
		m[first], m[second] = 1-x, x
		return m
	}
	if largest(difference) <= s.tolerance {
		s.add(mask, mix(0.5), true)
		return
	}
	for _, x := range bernsteinRoots(difference) {
		s.add(mask, mix(x), false)
	}
}

// largest returns the largest absolute value.
func largest(values []float64) float64 {
	size := 0.0
	for _, x := range values {
		size = max(size, math.Abs(x))
	}
	return size
}

// add appends a mixture unless its regret shows that it is no equilibrium, or it is known.
func (s *search) add(mask int, m Mixture, singular bool) {
	for _, strategy := range members(mask) {
		if m[strategy] <= 0 {
			return // a mixture of a smaller support
		}
	}
	deviations := s.Deviations(m)
	payoff := floats.Dot(m, deviations)
	regret := max(0, floats.Max(deviations)-payoff)
	if !(regret <= s.tolerance) {
		return
	}
	near := nearby
	if singular {
		near = spread
		if !slices.Contains(s.singular, mask) {
			s.singular = append(s.singular, mask)
		}
	}
	for _, e := range s.found {
		if floats.Distance(e.Mixture, m, math.Inf(1)) < near {
			return
		}
	}
	s.found = append(s.found, Equilibrium{Mixture: m, Support: members(mask), Payoff: payoff, Regret: regret})
}

// polish adds the equilibria of any support to which the replicator dynamics leads.
func (s *search) polish() {
	for _, m := range s.starts(partStarts) {
		m, _ = s.settle(m, nil)
		mask := 0
		for strategy, p := range m {
			if p > 1e-3 {
				mask |= 1 << strategy
			}
		}
		if strategies := members(mask); len(strategies) > partSupports {
			f := newFace(s.Game, mask, strategies)
			s.newton(f, f.restrict(m))
		}
	}
}

// result returns the equilibria in their order.
func (s *search) result(complete bool) Symmetric {
	slices.SortFunc(s.found, func(a, b Equilibrium) int {
		return cmp.Or(cmp.Compare(len(a.Support), len(b.Support)), slices.Compare(a.Support, b.Support),
			slices.Compare(b.Mixture, a.Mixture))
	})
	slices.Sort(s.singular)
	r := Symmetric{Equilibria: s.found, Complete: complete}
	for _, mask := range s.singular {
		r.Degenerate = append(r.Degenerate, members(mask))
	}
	return r
}
