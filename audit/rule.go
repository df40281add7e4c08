package audit

import (
	"math"

	"backfire/audit/phase"
)

// Rule returns the rule by which cells of the phase diagram get more seeds.
func (p *Phase) Rule() phase.Rule { return phase.Rule{Seeds: p.First, Most: p.Most} }

// shares returns the shares of successes of a cell over its first seeds.
func (p played) shares(c Cell, first uint64, seeds int) []float64 {
	var shares []float64
	for i := range seeds {
		g, ok := p[playedKey{Condition{Stage: StagePhase, High: c.High, Poisoned: c.Poisoned}, first + uint64(i), c.N}]
		if share := Success.Of(g); ok && !math.IsNaN(share) {
			shares = append(shares, share)
		}
	}
	return shares
}

// undecided reports whether the rule leaves a cell undecided after its first seeds.
func (s *Spec) undecided(games played, c Cell, seeds int) bool {
	standing, err := s.Phase.Rule().Decide(games.shares(c, s.FirstSeed, seeds))
	return err == nil && standing == phase.Undecided
}

// doubt returns the distance of a cell's share of successes from one half over its first seeds.
func (s *Spec) doubt(games played, c Cell) float64 {
	sum, shares := 0.0, games.shares(c, s.FirstSeed, s.Phase.First)
	for _, share := range shares {
		sum += share
	}
	if len(shares) == 0 {
		return 0
	}
	return math.Abs(sum/float64(len(shares)) - 0.5)
}
