package claims

// all keeps every unit.
func all(unit) bool { return true }

// several keeps the units whose first game has several attackers.
func several(u unit) bool { return u[0].n > 1 }

// over returns the mean of a value over the units to keep; NaN if one is or if
// there are none.
func over(units []unit, keep func(unit) bool, value func(u unit) float64) float64 {
	sum, n := 0.0, 0
	for _, u := range units {
		if keep(u) {
			sum += value(u)
			n++
		}
	}
	return sum / float64(n)
}

// meanOf returns the number "mean over the attackers of the units' game i,
// averaged over the units".
func (s *study) meanOf(i int) number {
	return func(r row, m Measure) float64 {
		return over(s.units, all, func(u unit) float64 { return m.mean(r.games[u[i]]) })
	}
}

// changeOfMean returns the number "meanOf(0) less meanOf(from)".
func (s *study) changeOfMean(from int) number {
	return func(r row, m Measure) float64 { return s.meanOf(0)(r, m) - s.meanOf(from)(r, m) }
}
