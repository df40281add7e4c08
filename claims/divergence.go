package claims

import (
	"fmt"
	"math"
	"slices"

	"backfire/stats"
)

// divergence examines C8. The number of a seed is Spearman's rank correlation
// between an attacker's divergence and its ASR ("The proof and measurement of
// association between two things", 1904), over the attackers of the undefended
// games at the usual strength for which divergences were measured. Ranks are used
// because the relation need not be linear. To explain the loss, the correlation
// must be below minus the margin.
//
// Divergence and ASR both change with the number of attackers and with that of the images
// an attacker poisons, so a correlation across these would show nothing but that (Simpson,
// "The interpretation of interaction in contingency tables", 1951). So attackers are only
// correlated with those of games with the same N and setting that poison as many images, in
// groups of at least minRanked. The number is the mean over the groups, weighted by their
// attackers. A group in which a quantity does not vary has no correlation and is left out.
func divergence(s *study) []statement {
	games := s.find(func(g gameKey) bool {
		return g.defense == NoDefense && g.allAt(s.usual) && s.hasDivergence(g)
	})
	ranked := map[group]int{} // attackers of one seed
	for _, g := range games {
		for _, a := range s.example(g).Attackers {
			ranked[group{g.n, a.Poisoned, g.setting}]++
		}
	}
	games = slices.DeleteFunc(games, func(g gameKey) bool {
		return !slices.ContainsFunc(s.example(g).Attackers, func(a Attacker) bool {
			return ranked[group{g.n, a.Poisoned, g.setting}] >= minRanked
		})
	})
	if !s.use(eachAlone(games)) {
		return nil
	}
	return []statement{{
		name:     "rank correlation of divergence and %s over the attackers, within one N and one number of poisoned images,",
		measures: asrAndLift, unit: Correlation, side: Below, bound: -s.margins.Correlation,
		needs: fmt.Sprintf("divergence, ASR and lift of every attacker, at least %d of one N and number of poisoned images, not all equal", minRanked),
		value: s.correlationWithinGroups,
	}}
}

// group identifies the attackers whose divergences are compared with each other.
type group struct {
	n, poisoned int
	setting     setting
}

// correlationWithinGroups returns the number of divergence for one seed.
func (s *study) correlationWithinGroups(r seedGames, m Measure) float64 {
	pairs := map[group][][2]float64{}
	var order []group
	for _, c := range s.comparisons {
		for _, a := range r.games[c[0]].Attackers {
			of := group{c[0].n, a.Poisoned, c[0].setting}
			if pairs[of] == nil {
				order = append(order, of)
			}
			pairs[of] = append(pairs[of], [2]float64{float64(a.Divergence), m.of(a)})
		}
	}
	sum, attackers := 0.0, 0
	for _, of := range order {
		if len(pairs[of]) < minRanked {
			continue
		}
		if stats.Correlate(pairs[of]).N < len(pairs[of]) {
			return math.NaN() // a value is missing
		}
		if rho := spearman(pairs[of]); !math.IsNaN(rho) {
			sum += rho * float64(len(pairs[of]))
			attackers += len(pairs[of])
		}
	}
	return sum / float64(attackers)
}

// hasDivergence reports whether a divergence was measured in a game of any seed.
func (s *study) hasDivergence(g gameKey) bool {
	return slices.ContainsFunc(s.seeds, func(seed repetition) bool {
		return slices.ContainsFunc(s.games[seed][g].Attackers, func(a Attacker) bool { return a.Divergence.Defined() })
	})
}

// spearman returns Spearman's rank correlation of pairs. It is NaN for fewer than
// minRanked pairs, for an undefined value, and if one quantity does not vary.
func spearman(pairs [][2]float64) float64 {
	c := stats.Correlate(pairs)
	if len(pairs) < minRanked || c.N < len(pairs) {
		return math.NaN()
	}
	return float64(c.Spearman)
}
