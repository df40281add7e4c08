package claims

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
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
			var x, y []float64
			for _, u := range s.units {
				for _, a := range r.games[u[0]].Attackers {
					x, y = append(x, float64(a.Divergence)), append(y, m.of(a))
				}
			}
			return spearman(x, y)
		},
	}}
}

// hasDivergence reports whether a divergence was measured in a game of any seed.
func (s *study) hasDivergence(g slot) bool {
	return slices.ContainsFunc(s.seeds, func(seed uint64) bool {
		return slices.ContainsFunc(s.games[seed][g].Attackers, func(a Attacker) bool { return a.Divergence.Defined() })
	})
}

// spearman returns Spearman's rank correlation of x and y, ties sharing their
// mean rank; NaN with fewer than MinRanked values, with an undefined one, or if
// all of x or all of y are equal.
func spearman(x, y []float64) float64 {
	if len(x) < MinRanked || slices.ContainsFunc(x, math.IsNaN) || slices.ContainsFunc(y, math.IsNaN) {
		return math.NaN()
	}
	return stat.Correlation(ranks(x), ranks(y), nil)
}

// ranks returns the rank of each value from 1 on, ties sharing their mean rank.
func ranks(values []float64) []float64 {
	ranks := make([]float64, len(values))
	for i, v := range values {
		below, equal := 0, 0
		for _, other := range values {
			switch {
			case other < v:
				below++
			case other == v:
				equal++
			}
		}
		ranks[i] = float64(below) + float64(equal+1)/2
	}
	return ranks
}
