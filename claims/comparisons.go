package claims

// all returns true for every unit.
func all(comparison) bool { return true }

// severalAttackers reports whether a comparison's first game has several attackers.
func severalAttackers(c comparison) bool { return c[0].n > 1 }

// meanOver returns the mean of a value over the comparisons for which keep
// returns true. It is NaN if one of the values is, and if there are no such
// comparisons.
func meanOver(comparisons []comparison, keep func(comparison) bool, value func(c comparison) float64) float64 {
	sum, n := 0.0, 0
	for _, c := range comparisons {
		if keep(c) {
			sum += value(c)
			n++
		}
	}
	return sum / float64(n)
}

// meanOf returns the number that is the mean over the attackers of each
// comparison's game i, averaged over the comparisons.
func (s *study) meanOf(i int) number {
	return func(r seedGames, m Measure) float64 {
		return meanOver(s.comparisons, all, func(c comparison) float64 { return m.mean(r.games[c[i]]) })
	}
}

// changeOfMean returns the number meanOf(0) minus meanOf(from).
func (s *study) changeOfMean(from int) number {
	return func(r seedGames, m Measure) float64 { return s.meanOf(0)(r, m) - s.meanOf(from)(r, m) }
}
