package claims

import (
	"fmt"
	"math"
	"slices"

	"backfire/stats"
)

// oneRaises examines C2. It compares each undefended game in which exactly one
// attacker is above Measurements.Rate with the same game with all attackers at that
// rate. The numbers are the gain of that attacker and the change of the mean of the
// others. Several such pairs are averaged within a seed.
func oneRaises(s *study) []statement {
	raised := s.find(func(g gameKey) bool { return g.defense == NoDefense && g.n > 1 && s.raiser(g) >= 0 })
	if !s.use(s.withStudyRate(raised)) {
		return nil
	}
	average := func(of func(before, after []float64, raiser int) float64) number {
		return func(r seedGames, m Measure) float64 {
			return meanOver(s.comparisons, all, func(c comparison) float64 {
				return of(m.values(r.games[c[1]]), m.values(r.games[c[0]]), s.raiser(c[0]))
			})
		}
	}
	others := func(values []float64, raiser int) float64 {
		return float64(stats.Summarize(slices.Delete(slices.Clone(values), raiser, raiser+1)).Mean)
	}
	return []statement{
		{
			name:     "gain in %s of the attacker that raises p",
			measures: asrAndLift, unit: Difference, side: Above, bound: s.margins.Effect,
			value: average(func(before, after []float64, i int) float64 { return after[i] - before[i] }),
			room:  average(func(before, _ []float64, i int) float64 { return 1 - before[i] }),
		},
		{
			name:     "change of mean %s of the others",
			measures: asrAndLift, unit: Difference, side: Below, bound: -s.margins.Effect,
			value: average(func(before, after []float64, i int) float64 { return others(after, i) - others(before, i) }),
			room:  average(func(before, _ []float64, i int) float64 { return others(before, i) }),
		},
	}
}

// raiser returns the position of the only attacker whose rate is above the study's
// while all others are at it, or -1 if there is none.
func (s *study) raiser(g gameKey) int {
	raiser := -1
	for i, a := range s.example(g).Attackers {
		switch {
		case a.Rate == s.rate:
		case a.Rate > s.rate && raiser < 0:
			raiser = i
		default:
			return -1
		}
	}
	return raiser
}

// allRaise examines C3. It uses the undefended games of several attackers that all
// have one rate, EscalatedRate or above. "Collapses" is two statements: the most
// successful attacker's ASR is below guessing plus a margin, and the mean is lower than in
// the same game at Measurements.Rate. Several such games are averaged within a
// seed.
func allRaise(s *study) []statement {
	escalated := s.find(func(g gameKey) bool {
		first := s.example(g).Attackers[0].Rate
		return g.defense == NoDefense && g.n > 1 && first > s.rate && first >= EscalatedRate && g.allAt(first)
	})
	if !s.use(s.withStudyRate(escalated)) {
		return nil
	}
	return []statement{
		{
			name:     fmt.Sprintf("highest %%s with all at p = %v", EscalatedRate),
			measures: asrAndLift, unit: Share, side: Below, bound: s.margins.collapsedASR(),
			value: func(r seedGames, m Measure) float64 {
				return meanOver(s.comparisons, all, func(c comparison) float64 { return highest(m.values(r.games[c[0]])) })
			},
		},
		{
			name:     fmt.Sprintf("change of mean %%s from p = %v to p = %v", s.rate, EscalatedRate),
			measures: asrAndLift, unit: Difference, side: Below, bound: -s.margins.Effect,
			value: s.changeOfMean(1), room: s.meanOf(1),
		},
	}
}

// withStudyRate returns a comparison for each game: the game, and the same game
// with all attackers at the study's rate.
func (s *study) withStudyRate(games []gameKey) []comparison {
	comparisons := make([]comparison, len(games))
	for i, g := range games {
		comparisons[i] = comparison{g, g.at(s.rate)}
	}
	return comparisons
}

// highest returns the highest value, or NaN if one value is NaN.
func highest(values []float64) float64 {
	highest := math.Inf(-1)
	for _, value := range values {
		highest = math.Max(highest, value)
	}
	return highest
}
