package claims

import (
	"math"
	"slices"
	"strings"
)

// distinctLabels examines C4. It uses the undefended games of several attackers with
// distinct labels, all at the usual strength. The number is the mean over the attackers of
// their measure minus that of their matched single, with the same trigger, label and
// images. Games with different N are averaged within a seed.
func distinctLabels(s *study) []statement {
	games := s.find(func(g gameKey) bool { return s.plain(g) && g.labels == Distinct && s.hasSingles(g) })
	if !s.useWithSingles(eachAlone(games)) {
		return nil
	}
	return []statement{{
		name:     "mean difference of each attacker's %s with distinct labels from its matched single's",
		measures: asrAndLift, unit: Difference, side: Below, bound: -s.margins.Effect, singles: true,
		value: overGames(s.comparisons, 0, interference), room: overGames(s.comparisons, 0, single),
	}}
}

// partyShare is the share of the attackers that share a label in the second statement of S4.
const partyShare = 0.4

// oneLabel examines S4: the mean over the attackers with one label for all minus that with
// distinct ones, and, where it was played, that with one label for 40 % of the attackers and
// distinct ones for the others minus that with distinct ones for all. It uses undefended games
// of the same attackers at the usual strength. Games with different N are averaged within a
// seed.
func oneLabel(s *study) []statement {
	against := func(keep func(g gameKey) bool) []comparison {
		var comparisons []comparison
		for _, distinct := range s.find(func(g gameKey) bool { return s.plain(g) && g.labels == Distinct }) {
			for _, other := range s.find(func(g gameKey) bool {
				return s.plain(g) && keep(g) && g.ids == distinct.ids && g.setting == distinct.setting
			}) {
				comparisons = append(comparisons, comparison{other, distinct})
			}
		}
		return comparisons
	}
	all := against(func(g gameKey) bool { return g.labels == Same })
	if len(all) == 0 {
		return nil
	}
	if !s.use(append(slices.Clone(all), against(gameKey.hasParty)...)) {
		return nil
	}
	var some []comparison
	all = nil
	for _, c := range s.comparisons {
		if c[0].labels == Same {
			all = append(all, c)
		} else {
			some = append(some, c)
		}
	}
	var statements []statement
	if len(all) > 0 {
		statements = append(statements, statement{
			name:     "difference of mean %s between one label for all and distinct labels",
			measures: asrAndLift, unit: Difference, side: Above, bound: s.margins.Effect,
			value: change(all, 1),
			room:  func(r seedGames, m Measure) float64 { return 1 - mean(all, 1)(r, m) },
		})
	}
	if len(some) > 0 {
		statements = append(statements, statement{
			name:     "difference of mean %s between one label for two in five attackers and distinct labels",
			measures: asrAndLift, unit: Difference, side: Below, bound: s.margins.Effect, level: true,
			value: change(some, 1),
		})
	}
	return statements
}

// hasParty reports whether 40 % of a game's attackers, rounded, share a label, at least two,
// and all others have labels of their own.
func (k gameKey) hasParty() bool {
	if k.labels != Mixed {
		return false
	}
	targets := strings.Split(k.targets, ",")
	largest, distinct := 0, len(slices.Compact(slices.Sorted(slices.Values(targets))))
	for _, target := range targets {
		same := 0
		for _, other := range targets {
			if other == target {
				same++
			}
		}
		largest = max(largest, same)
	}
	return largest == int(math.Round(partyShare*float64(k.n))) && largest+distinct-1 == k.n
}
