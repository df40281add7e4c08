package claims

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
)

// backfiring is C1. The number of a seed is the change of the mean ASR over the
// range of N that was played: the least-squares slope of the mean ASR on log N,
// times the range of log N.
//
// The slope weighs every game by how far its log N is from the middle, as a
// contrast for monotone trends should (Abelson and Tukey, "Efficient utilization
// of non-numerical information in quantitative analysis", 1963); the fall need
// not be linear. Spearman's correlation was not chosen: it has no size, so that
// 99.2, 99.1, 99.0 % would be as perfect a fall as the paper's.
//
// All games are undefended, with every attacker at Measurements.Rate and labels
// chosen in one way: the one with the most N, of equals the first of same,
// distinct, random, mixed. N = 1 is the mean over all games in which one of
// these games' attackers is alone.
func backfiring(s *study) []statement {
	games := s.trend()
	if len(games) == 0 {
		s.lack(fmt.Sprintf("games with several attackers at p = %v without a defense", s.rate))
		return nil
	}
	var units []unit
	for _, g := range append(s.singlesOf(games), games...) {
		units = append(units, unit{g})
	}
	if !s.use(units) {
		return nil
	}
	ns := sizes(slotsOf(s.units))
	if len(ns) < 2 {
		s.lack(fmt.Sprintf("games with another number of attackers than %d", ns[0]))
		return nil
	}
	return []statement{{
		name:     fmt.Sprintf("change of mean %%s over N = %d to %d, fitted on log N,", ns[0], ns[len(ns)-1]),
		measures: asrAndLift, unit: Difference, side: Below, bound: -EffectMargin,
		value: func(r row, m Measure) float64 { return s.fittedChange(ns, r, m) },
		room:  func(r row, m Measure) float64 { return s.meanAt(ns[0], r, m) },
	}}
}

// trend returns the undefended games with several attackers at the study's rate
// whose labels were chosen in the way that has the most N.
func (s *study) trend() []slot {
	var best []slot
	for _, labels := range []Labels{Same, Distinct, Random, Mixed} {
		games := s.find(func(g slot) bool {
			return g.defense == NoDefense && g.n > 1 && g.allAt(s.rate) && g.labels == labels
		})
		if len(sizes(games)) > len(sizes(best)) {
			best = games
		}
	}
	return best
}

// singlesOf returns the games that were played in which one of the games'
// attackers is alone.
func (s *study) singlesOf(games []slot) []slot {
	alone := map[slot]bool{}
	for _, g := range games {
		for _, a := range s.example(g).Attackers {
			alone[g.alone(a, s.rate)] = true
		}
	}
	return s.find(func(g slot) bool { return alone[g] })
}

// meanAt returns the mean over the units' games with n attackers; NaN if one is.
func (s *study) meanAt(n int, r row, m Measure) float64 {
	return over(s.units, func(u unit) bool { return u[0].n == n }, func(u unit) float64 { return m.mean(r.games[u[0]]) })
}

// fittedChange is C1's number.
func (s *study) fittedChange(ns []int, r row, m Measure) float64 {
	x, y := make([]float64, len(ns)), make([]float64, len(ns))
	for i, n := range ns {
		x[i], y[i] = math.Log(float64(n)), s.meanAt(n, r, m)
	}
	_, slope := stat.LinearRegression(x, y, nil, false)
	return slope * (x[len(x)-1] - x[0])
}
