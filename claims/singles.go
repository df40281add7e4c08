package claims

import (
	"fmt"
	"slices"

	"backfire/stats"
)

// playedAlone reports whether the attacker at a position in a game has a matched single on
// any seed.
func (s *study) playedAlone(of gameKey, position int) bool {
	return slices.ContainsFunc(s.seeds, func(seed repetition) bool {
		g, ok := s.games[seed][of]
		return ok && g.Attackers[position].Single != nil
	})
}

// hasSingles reports whether an attacker of a game has a matched single on any seed.
func (s *study) hasSingles(of gameKey) bool {
	for i := range of.n {
		if s.playedAlone(of, i) {
			return true
		}
	}
	return false
}

// lacksSingle returns the first attacker of a game of one seed whose matched single is
// missing, though another seed has it, or collapsed; nil if there is none.
func (s *study) lacksSingle(of gameKey, g Game) *Attacker {
	for i := range g.Attackers {
		a := &g.Attackers[i]
		if s.playedAlone(of, i) && (a.Single == nil || a.Single.Collapsed) {
			return a
		}
	}
	return nil
}

// useWithSingles does what use does, and leaves out the seeds in which a matched single is
// missing or collapsed.
func (s *study) useWithSingles(comparisons []comparison) bool {
	s.singles = s.use(comparisons)
	s.usable = slices.DeleteFunc(s.usable, func(r seedGames) bool {
		lacks := false
		for _, key := range keysOf(s.comparisons) {
			a := s.lacksSingle(key, r.games[key])
			if a == nil {
				continue
			}
			lacks = true
			text := fmt.Sprintf("the matched single of attacker %d in %s", a.ID, s.text(key))
			if a.Single == nil {
				s.missing.add(text, r.seed)
			} else {
				s.excluded.add("collapsed model, its seed left out: "+text, r.seed)
			}
		}
		return lacks
	})
	return s.singles
}

// overSingled returns the mean of a value over the attackers of a game that have a matched
// single.
func overSingled(g Game, value func(a Attacker) float64) float64 {
	var values []float64
	for _, a := range g.Attackers {
		if a.Single != nil {
			values = append(values, value(a))
		}
	}
	return float64(stats.Summarize(values).Mean)
}

// interference returns the mean interference over the attackers of a game that have a
// matched single: the measure minus that of the single.
func interference(g Game, m Measure) float64 {
	return overSingled(g, func(a Attacker) float64 { return m.of(a) - m.in(a.Single) })
}

// dilution returns the mean dilution over the same attackers: the measure of the matched
// single minus that of the game in which the attacker is alone with all images. It is NaN
// if that was not played.
func dilution(g Game, m Measure) float64 {
	return overSingled(g, func(a Attacker) float64 { return m.in(a.Single) - m.in(a.Lone) })
}

// single returns the mean measure of the matched singles.
func single(g Game, m Measure) float64 {
	return overSingled(g, func(a Attacker) float64 { return m.in(a.Single) })
}

// overGames returns the number that is a mean, over the comparisons, of a value of the
// game at a position of each.
func overGames(comparisons []comparison, position int, value func(Game, Measure) float64) number {
	return func(r seedGames, m Measure) float64 {
		return meanOver(comparisons, all, func(c comparison) float64 { return value(r.games[c[position]], m) })
	}
}

// eachAlone returns a comparison for each game.
func eachAlone(games []gameKey) []comparison {
	comparisons := make([]comparison, len(games))
	for i, g := range games {
		comparisons[i] = comparison{g}
	}
	return comparisons
}
