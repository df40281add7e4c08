package claims

import (
	"fmt"
	"math"
	"slices"
)

// growing returns, for each setting, a comparison of the undefended games with the most
// and the fewest attackers at the usual strength, for one choice of labels: that of trend.
// The fewest may be one. It leaves out games for which keep returns false, and returns the
// two numbers of attackers.
func (s *study) growing(keep func(gameKey) bool) (comparisons []comparison, fewest, most int) {
	games := s.trend(keep)
	games = append(s.find(func(g gameKey) bool {
		return g.defense == NoDefense && g.n == 1 && g.allAt(s.usual) && keep(g) && s.partOf(g, games)
	}), games...)
	ns := sizes(games)
	if len(ns) < 2 {
		return nil, 0, 0
	}
	fewest, most = ns[0], ns[len(ns)-1]
	for _, few := range games {
		for _, many := range games {
			if few.n == fewest && many.n == most && few.setting == many.setting {
				comparisons = append(comparisons, comparison{many, few})
			}
		}
	}
	return comparisons, fewest, most
}

// partOf reports whether the attacker of a game plays in one of others, with its label.
func (s *study) partOf(alone gameKey, games []gameKey) bool {
	one := s.example(alone).Attackers[0]
	return slices.ContainsFunc(games, func(g gameKey) bool {
		return (g.labels == Random) == (alone.labels == Random) && slices.ContainsFunc(s.example(g).Attackers, func(a Attacker) bool {
			return a.ID == one.ID && (g.labels == Random || a.Target == one.Target)
		})
	})
}

// measured returns a function that reports whether a game has a measure on any seed.
func (s *study) measured(m Measure) func(gameKey) bool {
	return func(g gameKey) bool {
		return slices.ContainsFunc(s.seeds, func(seed repetition) bool {
			return slices.ContainsFunc(m.values(s.games[seed][g]), func(x float64) bool { return !math.IsNaN(x) })
		})
	}
}

// uniform examines S1: the total-variation distance of the predictions on stamped images
// from the uniform distribution, a mean over the attackers, changes from the fewest to the
// most attackers.
func uniform(s *study) []statement {
	comparisons, fewest, most := s.growing(s.measured(Randomness))
	if !s.use(comparisons) {
		return nil
	}
	return []statement{{
		name:     fmt.Sprintf("change of the mean %%s from N = %d to %d", fewest, most),
		measures: []Measure{Randomness}, unit: Difference, side: Below, bound: -s.margins.Effect,
		value: s.changeOfMean(1), room: s.meanOf(1),
	}}
}

// ruined examines S2: with the most attackers, stamped images are recognised no better than
// by guessing, and the standard accuracy is not lower than with the fewest by more than the
// margin.
func ruined(s *study) []statement {
	comparisons, fewest, most := s.growing(s.measured(Robustness))
	if !s.use(comparisons) {
		return nil
	}
	return []statement{
		{
			name:     fmt.Sprintf("mean %%s at N = %d", most),
			measures: []Measure{Robustness}, unit: Share, side: Below, bound: s.collapsedASR(),
			value: s.meanOf(0),
		},
		{
			name:     fmt.Sprintf("change of %%s from N = %d to %d", fewest, most),
			measures: []Measure{CleanAccuracy}, unit: Difference, side: Above, bound: -s.margins.Accuracy, level: true,
			value: s.changeOfMean(1),
		},
	}
}

// ends returns a comparison for each group of games of which by returns the same key and
// different positions on a scale: the game with the highest position, and that with the
// lowest.
func ends(games []gameKey, by func(gameKey) (same any, position int)) []comparison {
	lowest, highest := map[any]gameKey{}, map[any]gameKey{}
	var order []any
	for _, g := range games {
		same, at := by(g)
		if _, known := lowest[same]; !known {
			order, lowest[same], highest[same] = append(order, same), g, g
		}
		if _, low := by(lowest[same]); at < low {
			lowest[same] = g
		}
		if _, high := by(highest[same]); at > high {
			highest[same] = g
		}
	}
	var comparisons []comparison
	for _, same := range order {
		_, low := by(lowest[same])
		if _, high := by(highest[same]); low < high {
			comparisons = append(comparisons, comparison{highest[same], lowest[same]})
		}
	}
	return comparisons
}

// capacity examines S3: the mean ASR of several attackers, and their interference where
// they were also played alone, are alike in the widest and the narrowest network.
func capacity(s *study) []statement {
	comparisons := ends(s.find(s.plain), func(g gameKey) (any, int) {
		width := g.width
		g.width = 0
		return g, width
	})
	alone := len(comparisons) > 0
	for _, g := range keysOf(comparisons) {
		alone = alone && s.hasSingles(g)
	}
	use := s.use
	if alone {
		use = s.useWithSingles
	}
	if !use(comparisons) {
		return nil
	}
	statements := s.alike("change of mean %s from the narrowest to the widest network", s.changeOfMean(1), largerOf(s.meanOf(0), s.meanOf(1)))
	if !alone {
		return statements
	}
	wide, narrow := overGames(s.comparisons, 0, interference), overGames(s.comparisons, 1, interference)
	by := func(r seedGames, m Measure) float64 { return wide(r, m) - narrow(r, m) }
	others := s.alike("change of the interference on %s from the narrowest to the widest network", by,
		largerOf(overGames(s.comparisons, 0, single), overGames(s.comparisons, 1, single)))
	for i := range others {
		others[i].within.Low, others[i].within.High, others[i].singles = -2, 2, true
	}
	return append(statements, others...)
}

// orthogonal examines S5: orthogonal triggers raise the mean ASR of several attackers by
// less than the margin over random ones.
func orthogonal(s *study) []statement {
	var comparisons []comparison
	for _, g := range s.find(func(g gameKey) bool { return s.plain(g) && g.trigger == orthogonalTrigger }) {
		random := g
		random.trigger = randomTrigger
		comparisons = append(comparisons, comparison{g, random})
	}
	if !s.use(comparisons) {
		return nil
	}
	return []statement{{
		name:     "change of mean %s by orthogonal triggers, against random ones,",
		measures: asrAndLift, unit: Difference, side: Below, bound: s.margins.Effect, level: true,
		value: s.changeOfMean(1),
	}}
}

// escalation examines S6: against the same game at the usual strength, the spread over the
// attackers beyond the binomial one is wider where one attacker raises, and narrower where
// all do; the mean stays in both. What is raised is the first of all three, p0 alone, and
// the size alone that one attacker and all raised.
func escalation(s *study) []statement {
	one, every := s.byRise(s.oneRise), s.byRise(s.commonRise)
	for _, r := range rises {
		if len(one[r]) == 0 || len(every[r]) == 0 {
			continue
		}
		if !s.use(append(slices.Clone(one[r]), every[r]...)) {
			continue
		}
		kept := func(of []comparison) []comparison {
			return slices.DeleteFunc(slices.Clone(of), func(c comparison) bool {
				return !slices.ContainsFunc(s.comparisons, func(k comparison) bool { return slices.Equal(k, c) })
			})
		}
		partial, full := kept(one[r]), kept(every[r])
		if len(partial) == 0 || len(full) == 0 {
			continue
		}
		spreading := func(name string, side Side, bound float64, of []comparison) statement {
			after, before := overGames(of, 0, spread), overGames(of, 1, spread)
			return statement{
				name: name, measures: asrAndLift, unit: Difference, side: side, bound: bound,
				value: func(r seedGames, m Measure) float64 { return after(r, m) - before(r, m) },
			}
		}
		statements := []statement{
			spreading(fmt.Sprintf("change of the spread of %%s where one raises %v", r), Above, s.margins.Effect, partial),
			spreading(fmt.Sprintf("change of the spread of %%s where all raise %v to %v", r, EscalatedRate), Below, -s.margins.Effect, full),
		}
		statements = append(statements, s.alike(fmt.Sprintf("change of mean %%s where one raises %v", r),
			change(partial, 1), largerOf(mean(partial, 0), mean(partial, 1)))...)
		return append(statements, s.alike(fmt.Sprintf("change of mean %%s where all raise %v to %v", r, EscalatedRate),
			change(full, 1), largerOf(mean(full, 0), mean(full, 1)))...)
	}
	return nil
}

// fixedNumber examines S9, number or share. It compares undefended games whose attackers
// poison as many images in a larger pool as in a smaller one, with triggers of the usual
// size: the mean ASR is alike.
func fixedNumber(s *study) []statement {
	type same struct {
		game     gameKey
		poisoned string
	}
	games := s.find(func(g gameKey) bool {
		return g.defense == NoDefense && g.p1s == g.at(s.usual).p1s && g.p2s == g.at(s.usual).p2s && s.example(g).Attackers[0].Poisoned > 0
	})
	comparisons := ends(games, func(g gameKey) (any, int) {
		pool, poisoned := g.pool, ""
		for _, a := range s.example(g).Attackers {
			poisoned += fmt.Sprint(a.Poisoned, ",")
		}
		g.pool, g.rates = 0, ""
		return same{g, poisoned}, pool
	})
	if !s.use(comparisons) {
		return nil
	}
	return s.alike("change of mean %s from the smallest to the largest pool with as many poisoned images", s.changeOfMean(1), largerOf(s.meanOf(0), s.meanOf(1)))
}
