package claims

import (
	"fmt"
	"slices"
)

// backfiring examines C1. The number of a seed is the mean interference over the attackers
// that were also played alone: the measure minus that of the attacker's matched single,
// in which it has the same images and poisons the same ones, so that nothing but the
// others differs. The largest N decides. Each other N stands beside it, and dilution,
// where attackers were also played alone with all images.
//
// All games are undefended, with every attacker at the usual strength and one choice of
// labels: the one with the most N, and among equals the first of same, distinct, random,
// mixed. Games of one N that differ in pool, width or kind of triggers are averaged within
// a seed.
func backfiring(s *study) []statement {
	games := s.trend(s.hasSingles)
	ns := sizes(games)
	at := func(n int) []comparison {
		return eachAlone(slices.DeleteFunc(slices.Clone(games), func(g gameKey) bool { return g.n != n }))
	}
	largest := len(ns) - 1
	for largest >= 0 && !s.useWithSingles(at(ns[largest])) {
		largest--
	}
	if largest < 0 {
		return nil
	}
	statements := []statement{s.interferes(ns[largest], s.comparisons)}
	for i := largest - 1; i >= 0; i-- {
		st := s.interferes(ns[i], at(ns[i]))
		st.beside = true
		statements = append(statements, st)
	}
	return append(statements, statement{
		name: fmt.Sprintf("dilution, %%s of the matched single minus that alone with all images, at N = %d,", ns[largest]), measures: asrAndLift,
		unit: Difference, side: Above, bound: s.margins.Effect,
		beside: true, of: s.comparisons, singles: true,
		value: overGames(s.comparisons, 0, dilution),
	})
}

// interferes returns the statement that the interference in games with n attackers is
// negative.
func (s *study) interferes(n int, games []comparison) statement {
	return statement{
		name: fmt.Sprintf("interference, %%s minus that of the matched single, at N = %d,", n), measures: asrAndLift,
		unit: Difference, side: Below, bound: -s.margins.Effect,
		of: games, singles: true,
		value: overGames(games, 0, interference), room: overGames(games, 0, single),
	}
}

// trend returns the undefended games with several attackers at the usual strength for
// which keep returns true, for the choice of labels with the most N.
func (s *study) trend(keep func(gameKey) bool) []gameKey {
	var best []gameKey
	for _, labels := range []Labels{Same, Distinct, Random, Mixed} {
		games := s.find(func(g gameKey) bool { return s.plain(g) && g.labels == labels && keep(g) })
		if len(sizes(games)) > len(sizes(best)) {
			best = games
		}
	}
	return best
}

// plain reports whether a game is undefended, of several attackers at the usual strength.
func (s *study) plain(g gameKey) bool {
	return g.defense == NoDefense && g.n > 1 && g.allAt(s.usual)
}
