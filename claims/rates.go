package claims

import (
	"fmt"
	"math"
	"slices"

	"backfire/stats"
)

// rise tells what attackers raise above the usual strength: their poison rate p0, the sizes
// p1 and p2 of their triggers, or both.
type rise struct{ rate, size bool }

// rises lists the rises in the order in which they decide: the paper's first.
var rises = []rise{{true, true}, {true, false}, {false, true}}

// String names what is raised.
func (r rise) String() string {
	return map[rise]string{{true, true}: "p0, p1 and p2", {true, false}: "p0 alone", {false, true}: "p1 and p2 alone"}[r]
}

// riseOf returns what a strength raises, and false if it lowers anything.
func (s *study) riseOf(of strength) (rise, bool) {
	u := s.usual
	return rise{of.p0 > u.p0, of.p1 > u.p1 || of.p2 > u.p2}, of.p0 >= u.p0 && of.p1 >= u.p1 && of.p2 >= u.p2
}

// byRise returns, for each rise that was played, a comparison of each undefended game of
// several attackers for which of returns it: that game, and the same game with all
// attackers at the usual strength.
func (s *study) byRise(of func(gameKey) rise) map[rise][]comparison {
	by := map[rise][]comparison{}
	for _, g := range s.find(func(g gameKey) bool { return g.defense == NoDefense && g.n > 1 }) {
		if r := of(g); r != (rise{}) {
			by[r] = append(by[r], comparison{g, g.at(s.usual)})
		}
	}
	return by
}

// statementsByRise returns statements about each rise that was played. The first one whose
// games can be used decides, and the others stand beside it.
func (s *study) statementsByRise(by map[rise][]comparison, about func(rise, []comparison) []statement) []statement {
	var deciding, others []statement
	for _, r := range rises {
		switch comparisons := by[r]; {
		case len(comparisons) == 0:
		case deciding == nil && s.use(comparisons):
			deciding = about(r, s.comparisons)
		default:
			for _, st := range about(r, comparisons) {
				st.beside, st.of = true, comparisons
				others = append(others, st)
			}
		}
	}
	if deciding == nil {
		return nil
	}
	return append(deciding, others...)
}

// oneRaises examines C2. It compares each undefended game in which exactly one attacker is
// above the usual strength with the same game with all attackers at it. The numbers are the
// gain of that attacker and the change of the mean of the others. Several such pairs are
// averaged within a seed. A poison rate gives the attacker a larger share of the poisoned
// images, and the size of a trigger makes it easier to see: two causes, so each is also
// played alone. The paper raises all three.
func oneRaises(s *study) []statement {
	others := func(values []float64, raiser int) float64 {
		return float64(stats.Summarize(slices.Delete(slices.Clone(values), raiser, raiser+1)).Mean)
	}
	return s.statementsByRise(s.byRise(s.oneRise), func(rise rise, comparisons []comparison) []statement {
		average := func(of func(before, after []float64, raiser int) float64) number {
			return func(r seedGames, m Measure) float64 {
				return meanOver(comparisons, all, func(c comparison) float64 {
					return of(m.values(r.games[c[1]]), m.values(r.games[c[0]]), s.raiser(c[0]))
				})
			}
		}
		return []statement{
			{
				name:     "gain in %s of the attacker that raises " + rise.String(),
				measures: asrAndLift, unit: Difference, side: Above, bound: s.margins.Effect,
				value: average(func(before, after []float64, i int) float64 { return after[i] - before[i] }),
				room:  average(func(before, _ []float64, i int) float64 { return 1 - before[i] }),
			},
			{
				name:     "change of mean %s of the others where one raises " + rise.String(),
				measures: asrAndLift, unit: Difference, side: Below, bound: -s.margins.Effect,
				value: average(func(before, after []float64, i int) float64 { return others(after, i) - others(before, i) }),
				room:  average(func(before, _ []float64, i int) float64 { return others(before, i) }),
			},
		}
	})
}

// oneRise returns what the only attacker above the usual strength raises; nothing if there
// is none.
func (s *study) oneRise(g gameKey) rise {
	if i := s.raiser(g); i >= 0 {
		r, _ := s.riseOf(s.example(g).Attackers[i].strength())
		return r
	}
	return rise{}
}

// raiser returns the position of the only attacker above the usual strength while all
// others are at it, or -1 if there is none.
func (s *study) raiser(g gameKey) int {
	raiser := -1
	for i, a := range s.example(g).Attackers {
		_, higher := s.riseOf(a.strength())
		switch {
		case a.strength() == s.usual:
		case higher && raiser < 0:
			raiser = i
		default:
			return -1
		}
	}
	return raiser
}

// allRaise examines C3. It uses the undefended games of several attackers that all raise
// what they raise to EscalatedRate or above. "Collapses" is two statements: the most
// successful attacker's ASR is below guessing plus a margin, and the mean is lower than in
// the same game at the usual strength. Several such games are averaged within a seed.
func allRaise(s *study) []statement {
	return s.statementsByRise(s.byRise(s.commonRise), func(rise rise, comparisons []comparison) []statement {
		return []statement{
			{
				name:     fmt.Sprintf("highest %%s with %v at %v for all", rise, EscalatedRate),
				measures: asrAndLift, unit: Share, side: Below, bound: s.collapsedASR(),
				value: overGames(comparisons, 0, func(g Game, m Measure) float64 { return highest(m.values(g)) }),
			},
			{
				name:     fmt.Sprintf("change of mean %%s where all raise %v to %v", rise, EscalatedRate),
				measures: asrAndLift, unit: Difference, side: Below, bound: -s.margins.Effect,
				value: change(comparisons, 1), room: mean(comparisons, 1),
			},
		}
	})
}

// commonRise returns what all attackers of a game raise to EscalatedRate; nothing if they
// differ.
func (s *study) commonRise(g gameKey) rise {
	to := s.example(g).Attackers[0].strength()
	r, higher := s.riseOf(to)
	if !higher || !g.allAt(to) || r.rate && to.p0 < EscalatedRate || r.size && min(to.p1, to.p2) < EscalatedRate {
		return rise{}
	}
	return r
}

// collapsedASR returns the ASR below which an attack has collapsed: guessing predicts the
// target in one of as many cases as there are classes, and a larger ASR by the margin of an
// effect is an effect of the backdoor.
func (s *study) collapsedASR() float64 { return s.guessing + s.margins.Effect }

// highest returns the highest value, or NaN if one value is NaN.
func highest(values []float64) float64 {
	highest := math.Inf(-1)
	for _, value := range values {
		highest = math.Max(highest, value)
	}
	return highest
}
