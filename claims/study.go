package claims

import (
	"cmp"
	"maps"
	"slices"
)

// study holds the measurements, and the part of them that one claim uses.
type study struct {
	usual       strength
	guessing    float64 // share of predictions as the target by guessing
	margins     Margins
	seeds       []repetition // in the order of compareRepetitions
	games       map[repetition]map[gameKey]Game
	keys        []gameKey    // of all seeds, in the order of compareKeys
	comparisons []comparison // the comparisons that the claim uses; see use
	singles     bool         // whether the claim compares with matched singles
	usable      []seedGames  // the seeds that have all games of the comparisons
	missing     notes
	excluded    notes
}

// newStudy returns the study of measurements, before a claim selects its comparisons.
func newStudy(m Measurements) *study {
	s := &study{
		usual: m.usual(), guessing: 1 / float64(cmp.Or(m.Classes, usualClasses)),
		margins: cmp.Or(m.Margins, DefaultMargins()), games: map[repetition]map[gameKey]Game{},
	}
	keys := map[gameKey]bool{}
	for _, g := range m.Games {
		of := repetitionOf(g)
		if s.games[of] == nil {
			s.games[of] = map[gameKey]Game{}
		}
		s.games[of][keyOf(g)] = g
		keys[keyOf(g)] = true
	}
	s.seeds = slices.SortedFunc(maps.Keys(s.games), compareRepetitions)
	s.keys = slices.SortedFunc(maps.Keys(keys), compareKeys)
	return s
}

// find returns the keys for which keep returns true.
func (s *study) find(keep func(gameKey) bool) []gameKey {
	var found []gameKey
	for _, key := range s.keys {
		if keep(key) {
			found = append(found, key)
		}
	}
	return found
}

// example returns the game with a key, of the first seed that has one.
func (s *study) example(of gameKey) Game {
	for _, seed := range s.seeds {
		if g, ok := s.games[seed][of]; ok {
			return g
		}
	}
	return Game{}
}

// text describes a game, with its setting if the games have several.
func (s *study) text(of gameKey) string {
	if slices.ContainsFunc(s.keys, func(k gameKey) bool { return k.setting != of.setting }) {
		return of.String() + ", " + of.text()
	}
	return of.String()
}

// comparison is a set of games that are compared with each other. A seed that
// lacks one of them cannot use the others.
type comparison []gameKey

// seedGames holds the games of one seed, in one of its trainings.
type seedGames struct {
	seed  repetition
	games map[gameKey]Game
}

// use sets the comparisons by which a claim is judged, and the seeds that have
// all of their games, and notes the missing ones. It reports whether there is a
// comparison. It leaves out a comparison of which a game collapsed in every seed
// that has it, and a seed in which a game of another comparison collapsed.
func (s *study) use(comparisons []comparison) bool {
	s.comparisons = slices.DeleteFunc(comparisons, func(c comparison) bool { return slices.ContainsFunc(c, s.alwaysCollapses) })
	for _, seed := range s.seeds {
		complete := len(s.comparisons) > 0
		for _, key := range keysOf(s.comparisons) {
			g, ok := s.games[seed][key]
			switch {
			case !ok:
				s.missing.add(s.text(key), seed)
				complete = false
			case g.Collapsed:
				s.excluded.add("collapsed model, its seed left out: "+s.text(key), seed)
				complete = false
			}
		}
		if complete {
			s.usable = append(s.usable, seedGames{seed, s.games[seed]})
		}
	}
	return len(s.comparisons) > 0
}

// alwaysCollapses reports whether a game collapsed in every seed that has it, and
// notes it in excluded.
func (s *study) alwaysCollapses(of gameKey) bool {
	var collapsed []repetition
	for _, seed := range s.seeds {
		if g, ok := s.games[seed][of]; ok {
			if !g.Collapsed {
				return false
			}
			collapsed = append(collapsed, seed)
		}
	}
	if len(collapsed) > 0 {
		s.excluded.add("collapsed model, the game left out: "+s.text(of), collapsed...)
	}
	return len(collapsed) > 0
}

// keysOf returns the distinct keys of comparisons, in the order of compareKeys.
func keysOf(comparisons []comparison) []gameKey {
	var keys []gameKey
	for _, c := range comparisons {
		keys = append(keys, c...)
	}
	slices.SortFunc(keys, compareKeys)
	return slices.Compact(keys)
}

// complete returns the seeds that have all games of the comparisons, in one training or more.
func (s *study) complete() []uint64 {
	seeds := make([]uint64, 0, len(s.usable))
	for _, r := range s.usable {
		seeds = append(seeds, r.seed.seed)
	}
	return slices.Compact(seeds)
}

// models returns the number of trained models behind the games in use.
func (s *study) models() int {
	models := map[string]bool{}
	for _, r := range s.usable {
		for _, key := range keysOf(s.comparisons) {
			for _, model := range r.games[key].Models {
				models[model] = true
			}
			for _, a := range r.games[key].Attackers {
				if s.singles && a.Single != nil && a.Single.Model != "" {
					models[a.Single.Model] = true
				}
			}
		}
	}
	return len(models)
}

// attackers returns the number of attackers in the smallest game that a comparison begins
// with, 0 without comparisons.
func (s *study) attackers() int {
	fewest := 0
	for i, c := range s.comparisons {
		if i == 0 || c[0].n < fewest {
			fewest = c[0].n
		}
	}
	return fewest
}

// numbers returns the numbers of attackers in the games of a claim, also of those beside
// its verdict.
func (s *study) numbers(statements []statement) []int {
	keys := keysOf(s.comparisons)
	for _, st := range statements {
		keys = append(keys, keysOf(st.of)...)
	}
	return sizes(keys)
}
