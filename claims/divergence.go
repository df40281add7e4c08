package claims

import (
	"fmt"
	"math"
	"slices"

	"backfire/stats"
)

// divergence is C8. Within a seed, over all attackers of the undefended games at
// Measurements.Rate for which divergences were measured: Spearman's rank
// correlation between an attacker's divergence and its ASR ("The proof and
// measurement of association between two things", 1904), since nothing says that
// one is linear in the other. To explain the loss it must be below
// -ExplainedCorrelation. Both move with N, so that a correlation alone shows no
// cause.
func divergence(s *study) []statement {
	games := s.find(func(g slot) bool { return g.defense == NoDefense && g.allAt(s.rate) && s.hasDivergence(g) })
	if len(games) == 0 {
		s.lack(fmt.Sprintf("divergences of attackers at p = %v without a defense", s.rate))
		return nil
	}
	units := make([]unit, len(games))
	for i, g := range games {
		units[i] = unit{g}
	}
	if !s.use(units) {
		return nil
	}
	return []statement{{
		name:     "rank correlation of divergence and %s over the attackers",
		measures: asrAndLift, unit: Correlation, side: Below, bound: -ExplainedCorrelation,
		needs: fmt.Sprintf("divergence, ASR and lift of every attacker, at least %d of them, not all equal", MinRanked),
		value: func(r row, m Measure) float64 {
			var pairs [][2]float64
			for _, u := range s.units {
				for _, a := range r.games[u[0]].Attackers {
					pairs = append(pairs, [2]float64{float64(a.Divergence), m.of(a)})
				}
			}
			return spearman(pairs)
		},
	}}
}

// hasDivergence reports whether a divergence was measured in a game of any seed.
func (s *study) hasDivergence(g slot) bool {
	return slices.ContainsFunc(s.seeds, func(seed uint64) bool {
		return slices.ContainsFunc(s.games[seed][g].Attackers, func(a Attacker) bool { return a.Divergence.Defined() })
	})
}

// spearman returns Spearman's rank correlation of pairs; NaN with fewer than
// MinRanked of them, with an undefined value, or if one quantity does not vary.
func spearman(pairs [][2]float64) float64 {
	c := stats.Correlate(pairs)
	if len(pairs) < MinRanked || c.N < len(pairs) {
		return math.NaN()
	}
	return float64(c.Spearman)
}
