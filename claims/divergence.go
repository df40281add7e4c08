package claims

import (
	"fmt"
	"math"
	"slices"

	"backfire/stats"
)

// divergence examines C8. The number of a seed is Spearman's rank correlation
// between an attacker's divergence and its ASR ("The proof and measurement of
// association between two things", 1904), over all attackers of the undefended
// games at Measurements.Rate for which divergences were measured. Ranks are used
// because the relation need not be linear. To explain the loss, the correlation
// must be below minus the margin. Both quantities change with N, so a
// correlation alone does not show a cause.
func divergence(s *study) []statement {
	games := s.find(func(g gameKey) bool { return g.defense == NoDefense && g.allAt(s.rate) && s.hasDivergence(g) })
	comparisons := make([]comparison, len(games))
	for i, g := range games {
		comparisons[i] = comparison{g}
	}
	if !s.use(comparisons) {
		return nil
	}
	return []statement{{
		name:     "rank correlation of divergence and %s over the attackers",
		measures: asrAndLift, unit: Correlation, side: Below, bound: -s.margins.Correlation,
		needs: fmt.Sprintf("divergence, ASR and lift of every attacker, at least %d of them, not all equal", MinRanked),
		value: func(r seedGames, m Measure) float64 {
			var pairs [][2]float64
			for _, c := range s.comparisons {
				for _, a := range r.games[c[0]].Attackers {
					pairs = append(pairs, [2]float64{float64(a.Divergence), m.of(a)})
				}
			}
			return spearman(pairs)
		},
	}}
}

// hasDivergence reports whether a divergence was measured in a game of any seed.
func (s *study) hasDivergence(g gameKey) bool {
	return slices.ContainsFunc(s.seeds, func(seed uint64) bool {
		return slices.ContainsFunc(s.games[seed][g].Attackers, func(a Attacker) bool { return a.Divergence.Defined() })
	})
}

// spearman returns Spearman's rank correlation of pairs. It is NaN for fewer than
// MinRanked pairs, for an undefined value, and if one quantity does not vary.
func spearman(pairs [][2]float64) float64 {
	c := stats.Correlate(pairs)
	if len(pairs) < MinRanked || c.N < len(pairs) {
		return math.NaN()
	}
	return float64(c.Spearman)
}
