package claims

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"backfire/stats"
)

// study holds the measurements, and the part of them that one claim uses.
type study struct {
	rate        float64
	margins     Margins
	seeds       []uint64 // in ascending order
	games       map[uint64]map[gameKey]Game
	keys        []gameKey    // of all seeds, in the order of compareKeys
	comparisons []comparison // the comparisons that the claim uses; see use
	usable      []seedGames  // the seeds that have all games of the comparisons
	missing     notes
	excluded    notes
}

// newStudy returns the study of measurements, before a claim selects its comparisons.
func newStudy(m Measurements) *study {
	s := &study{rate: m.Rate, margins: cmp.Or(m.Margins, DefaultMargins()), games: map[uint64]map[gameKey]Game{}}
	keys := map[gameKey]bool{}
	for _, g := range m.Games {
		if s.games[g.Seed] == nil {
			s.games[g.Seed] = map[gameKey]Game{}
		}
		s.games[g.Seed][keyOf(g)] = g
		keys[keyOf(g)] = true
	}
	s.seeds = slices.Sorted(maps.Keys(s.games))
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

// comparison is a set of games that are compared with each other. A seed that
// lacks one of them cannot use the others.
type comparison []gameKey

// seedGames holds the games of one seed.
type seedGames struct {
	seed  uint64
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
				s.missing.add(key.String(), seed)
				complete = false
			case g.Collapsed:
				s.excluded.add("collapsed model, its seed left out: "+key.String(), seed)
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
	var collapsed []uint64
	for _, seed := range s.seeds {
		if g, ok := s.games[seed][of]; ok {
			if !g.Collapsed {
				return false
			}
			collapsed = append(collapsed, seed)
		}
	}
	if len(collapsed) > 0 {
		s.excluded.add("collapsed model, the game left out: "+of.String(), collapsed...)
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

// complete returns the seeds that have all games of the comparisons.
func (s *study) complete() []uint64 {
	seeds := make([]uint64, len(s.usable))
	for i, r := range s.usable {
		seeds[i] = r.seed
	}
	return seeds
}

// models returns the number of trained models behind the games in use.
func (s *study) models() int {
	models := map[string]bool{}
	for _, r := range s.usable {
		for _, key := range keysOf(s.comparisons) {
			for _, model := range r.games[key].Models {
				models[model] = true
			}
		}
	}
	return len(models)
}

// number is a quantity computed from the games of one seed, on a measure.
type number func(r seedGames, m Measure) float64

// statement states that a number is on one side of a bound.
type statement struct {
	// name describes the number, with %s for the measure: "change of mean %s by
	// CutMix".
	name     string
	measures []Measure
	unit     Unit
	side     Side
	bound    float64
	// value computes the number of one seed. It returns NaN if it is undefined.
	value number
	// room computes the amount that can be lost (or gained). It is nil for a
	// statement that is not about a change.
	room number
	// within is the range of value for ASRs in [0, 1], or zero for that of the unit.
	within stats.Range
	// needs describes the missing measurements if value returns NaN. If it is
	// empty, the measure is missing.
	needs string
}

// asrAndLift lists the measures of every statement about the ASR.
var asrAndLift = []Measure{ASR, Lift}

// measure computes the values of one statement on one measure.
func (s *study) measure(st statement, m Measure) Statistic {
	result := Statistic{
		Name: fmt.Sprintf(st.name, m), Measure: m, Unit: st.unit, Side: st.side, Bound: st.bound,
		OppositeBound: st.unit.opposite(st.bound),
		Estimate:      stats.Undefined(), Low: stats.Undefined(), High: stats.Undefined(), Room: stats.Undefined(),
		Paper: stats.Undefined(), Repeats: stats.Undefined(), PerSeed: []SeedValue{},
		within: cmp.Or(st.within, st.unit.within()), least: s.margins.room(),
	}
	var rooms []float64
	for _, r := range s.usable {
		value := st.value(r, m)
		if math.IsNaN(value) {
			needs := st.needs
			if needs == "" {
				needs = m.String()
			}
			s.missing.add(needs, r.seed)
			continue
		}
		result.PerSeed = append(result.PerSeed, SeedValue{r.seed, value})
		if st.room != nil {
			rooms = append(rooms, st.room(r, m))
		}
	}
	if st.room != nil {
		result.Room = stats.Summarize(rooms).Mean
	}
	result.Images = s.fewestImages(m)
	return result
}

// fewestImages returns the number of images over the seeds in use behind a measure of the
// game that has the fewest.
func (s *study) fewestImages(m Measure) int {
	fewest := 0
	for i, key := range keysOf(s.comparisons) {
		images := 0
		for _, r := range s.usable {
			images += m.images(r.games[key])
		}
		if i == 0 || images < fewest {
			fewest = images
		}
	}
	return fewest
}

// notes collects remarks, each with its seeds, in the order of their first
// appearance.
type notes struct {
	order []string
	seeds map[string][]uint64
}

// add adds a remark about seeds.
func (n *notes) add(text string, seeds ...uint64) {
	if n.seeds == nil {
		n.seeds = map[string][]uint64{}
	}
	if _, known := n.seeds[text]; !known {
		n.order = append(n.order, text)
	}
	for _, seed := range seeds {
		if !slices.Contains(n.seeds[text], seed) {
			n.seeds[text] = append(n.seeds[text], seed)
		}
	}
}

// texts returns the remarks with their seeds. all is the number of all seeds; a
// remark about all of them is returned without seeds.
func (n *notes) texts(all int) []string {
	texts := make([]string, 0, len(n.order))
	for _, text := range n.order {
		switch seeds := n.seeds[text]; {
		case len(seeds) == all:
			texts = append(texts, text)
		case len(seeds) == 1:
			texts = append(texts, fmt.Sprintf("%s (seed %d)", text, seeds[0]))
		default:
			texts = append(texts, fmt.Sprintf("%s (seeds %s)", text, strings.Trim(strings.ReplaceAll(fmt.Sprint(seeds), " ", ", "), "[]")))
		}
	}
	return texts
}
