package claims

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"backfire/stats"
)

// number is a quantity computed from the games of one seed, in one of its trainings, on a
// measure.
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
	// beside marks a number that is shown, but is no part of the verdict. It is of the seeds
	// that have all games of the comparisons in of, and their matched singles if singles is
	// set.
	beside bool
	of     []comparison
	// singles marks a number of those attackers alone that have a matched single.
	singles bool
	// level marks a statement that is supported on one side of the bound and opposite on
	// the other. equivalence marks one that needs room for support, since attacks that never
	// work are alike in all games.
	level, equivalence bool
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
	within, opposite := cmp.Or(st.within, st.unit.within()), st.unit.opposite(st.bound)
	if st.level {
		opposite = st.bound
	}
	seeds, comparisons := s.usable, s.comparisons
	if st.beside {
		seeds, comparisons = s.having(st), st.of
	}
	result := Statistic{
		Name: fmt.Sprintf(st.name, m), Beside: st.beside, Measure: m, Unit: st.unit, Side: st.side, Bound: st.bound,
		OppositeBound: opposite,
		Estimate:      stats.Undefined(), Low: stats.Undefined(), High: stats.Undefined(), Room: stats.Undefined(),
		Paper: stats.Undefined(), Repeats: stats.Undefined(), PerSeed: []SeedValue{},
		within: within, least: s.margins.room(), equivalence: st.equivalence,
	}
	var rooms []float64
	for _, r := range seeds {
		value := st.value(r, m)
		if math.IsNaN(value) && st.beside {
			continue
		}
		if math.IsNaN(value) {
			needs := st.needs
			if needs == "" {
				needs = m.String()
			}
			s.missing.add(needs, r.seed)
			continue
		}
		result.PerSeed = append(result.PerSeed, SeedValue{r.seed.seed, value})
		if st.room != nil {
			rooms = append(rooms, st.room(r, m))
		}
	}
	result.PerSeed = meanOfSeeds(result.PerSeed)
	if st.room != nil {
		result.Room = stats.Summarize(rooms).Mean
	}
	result.Images = fewestImages(seeds, keysOf(comparisons), m, st.singles)
	return result
}

// fewestImages returns the number of images over the seeds behind a measure of the game
// that has the fewest; with singles only of the attackers that were also played alone.
func fewestImages(seeds []seedGames, keys []gameKey, m Measure, singles bool) int {
	fewest := 0
	for i, key := range keys {
		images, last := 0, 0 // of all seeds, and of the last one
		for j, r := range seeds {
			if j > 0 && r.seed.seed == seeds[j-1].seed.seed {
				images -= last // another training is measured on the same images
			}
			g := r.games[key]
			if singles {
				g.Attackers = slices.DeleteFunc(slices.Clone(g.Attackers), func(a Attacker) bool { return a.Single == nil })
			}
			last = m.images(g)
			images += last
		}
		if i == 0 || images < fewest {
			fewest = images
		}
	}
	return fewest
}

// having returns the seeds that have all games of a statement beside the verdict, and no
// collapsed model among them.
func (s *study) having(st statement) []seedGames {
	var seeds []seedGames
	for _, seed := range s.seeds {
		r := seedGames{seed, s.games[seed]}
		complete := !slices.ContainsFunc(keysOf(st.of), func(key gameKey) bool {
			g, ok := r.games[key]
			return !ok || g.Collapsed || st.singles && s.lacksSingle(key, g) != nil
		})
		if complete {
			seeds = append(seeds, r)
		}
	}
	return seeds
}
