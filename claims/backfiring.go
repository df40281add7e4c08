package claims

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"

	"backfire/stats"
)

// backfiring examines C1. The number of a seed is the change of the mean ASR over
// the range of N that was played: the least-squares slope of the mean ASR on log N,
// times the range of log N.
//
// The slope weights every game by the distance of its log N from the mean, as a
// contrast for monotone trends should (Abelson and Tukey, "Efficient utilization
// of non-numerical information in quantitative analysis", 1963); the fall need not
// be linear. Spearman's correlation would be unsuitable because it ignores the size
// of the fall: 99.2, 99.1, 99.0 % would be as perfect as the paper's.
//
// All games are undefended, with every attacker at Measurements.Rate and one choice
// of labels: the one with the most N, and among equals the first of same, distinct,
// random, mixed. N = 1 is the mean over all games in which one attacker of these
// games plays alone.
func backfiring(s *study) []statement {
	games := s.trend()
	if len(games) == 0 {
		return nil
	}
	var comparisons []comparison
	for _, g := range append(s.singlesOf(games), games...) {
		comparisons = append(comparisons, comparison{g})
	}
	if !s.use(comparisons) {
		return nil
	}
	ns := sizes(keysOf(s.comparisons))
	if len(ns) < 2 {
		s.usable = nil // one N has no trend
		return nil
	}
	return []statement{{
		name:     fmt.Sprintf("change of mean %%s over N = %d to %d, fitted on log N,", ns[0], ns[len(ns)-1]),
		measures: asrAndLift, unit: Difference, side: Below, bound: -s.margins.Effect,
		value:  func(r seedGames, m Measure) float64 { return s.fittedChange(ns, r, m) },
		within: fittedRange(ns),
		room:   func(r seedGames, m Measure) float64 { return s.meanAt(ns[0], r, m) },
	}}
}

// trend returns the undefended games with several attackers at the study's rate,
// for the choice of labels with the most N.
func (s *study) trend() []gameKey {
	var best []gameKey
	for _, labels := range []Labels{Same, Distinct, Random, Mixed} {
		games := s.find(func(g gameKey) bool {
			return g.defense == NoDefense && g.n > 1 && g.allAt(s.rate) && g.labels == labels
		})
		if len(sizes(games)) > len(sizes(best)) {
			best = games
		}
	}
	return best
}

// singlesOf returns the games in which an attacker of one of the given games plays
// alone.
func (s *study) singlesOf(games []gameKey) []gameKey {
	alone := map[gameKey]bool{}
	for _, g := range games {
		for _, a := range s.example(g).Attackers {
			alone[g.alone(a, s.rate)] = true
		}
	}
	return s.find(func(g gameKey) bool { return alone[g] })
}

// meanAt returns the mean over the comparisons' games with n attackers. It is NaN
// if the mean of one of them is.
func (s *study) meanAt(n int, r seedGames, m Measure) float64 {
	return meanOver(s.comparisons, func(c comparison) bool { return c[0].n == n }, func(c comparison) float64 { return m.mean(r.games[c[0]]) })
}

// fittedChange returns the number of backfiring for one seed; ns lists the numbers
// of attackers.
func (s *study) fittedChange(ns []int, r seedGames, m Measure) float64 {
	y := make([]float64, len(ns))
	for i, n := range ns {
		y[i] = s.meanAt(n, r, m)
	}
	return fitted(ns, y)
}

// fitted returns the least-squares slope of y on log N, times the range of log N.
func fitted(ns []int, y []float64) float64 {
	x := make([]float64, len(ns))
	for i, n := range ns {
		x[i] = math.Log(float64(n))
	}
	_, slope := stat.LinearRegression(x, y, nil, false)
	return slope * (x[len(x)-1] - x[0])
}

// fittedRange returns the range of the fitted change of shares in [0, 1]. Its ends are
// those of shares that are 1 where they raise, or lower, the slope and 0 elsewhere.
func fittedRange(ns []int) stats.Range {
	reach := 0.0
	for i := range ns {
		y := make([]float64, len(ns))
		y[i] = 1
		reach += max(0, fitted(ns, y))
	}
	return stats.Range{Low: -reach, High: reach}
}
