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

// mean returns the number that is the mean over the attackers of each comparison's game at
// a position, averaged over the comparisons.
func mean(comparisons []comparison, position int) number {
	return overGames(comparisons, position, func(g Game, m Measure) float64 { return m.mean(g) })
}

// change returns the number that is the mean of the comparisons' first games minus that of
// those at a position.
func change(comparisons []comparison, from int) number {
	return func(r seedGames, m Measure) float64 {
		return mean(comparisons, 0)(r, m) - mean(comparisons, from)(r, m)
	}
}

// meanOf returns mean of the comparisons in use.
func (s *study) meanOf(position int) number { return mean(s.comparisons, position) }

// changeOfMean returns change of the comparisons in use.
func (s *study) changeOfMean(from int) number { return change(s.comparisons, from) }

// alike returns two statements that together say that a number is within the margin of an
// effect, on both sides of 0. larger is the number that there is to change.
func (s *study) alike(name string, value, larger number) []statement {
	below := statement{
		name: name, measures: asrAndLift, unit: Difference, side: Below, bound: s.margins.Effect,
		level: true, equivalence: true, value: value, room: larger,
	}
	above := below
	above.side, above.bound = Above, -s.margins.Effect
	return []statement{below, above}
}

// largerOf returns the number that is the larger one of two.
func largerOf(a, b number) number {
	return func(r seedGames, m Measure) float64 { return max(a(r, m), b(r, m)) }
}
