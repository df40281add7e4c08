package claims

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"backfire/stats"
)

// study is what one claim finds among the measurements.
type study struct {
	rate     float64
	seeds    []uint64 // ascending
	games    map[uint64]map[slot]Game
	slots    []slot // of all seeds, in the order of compareSlots
	units    []unit // what the claim uses; see use
	rows     []row  // the seeds that have all of it
	missing  notes
	excluded notes
}

// newStudy sorts the measurements by seed and slot.
func newStudy(m Measurements) *study {
	s := &study{rate: m.Rate, games: map[uint64]map[slot]Game{}}
	slots := map[slot]bool{}
	for _, g := range m.Games {
		if s.games[g.Seed] == nil {
			s.games[g.Seed] = map[slot]Game{}
		}
		s.games[g.Seed][slotOf(g)] = g
		slots[slotOf(g)] = true
	}
	s.seeds = slices.Sorted(maps.Keys(s.games))
	s.slots = slices.SortedFunc(maps.Keys(slots), compareSlots)
	return s
}

// find returns the slots that some seed has and keep accepts.
func (s *study) find(keep func(slot) bool) []slot {
	var found []slot
	for _, slot := range s.slots {
		if keep(slot) {
			found = append(found, slot)
		}
	}
	return found
}

// example returns the game that a slot holds in the first seed that has it.
func (s *study) example(of slot) Game {
	for _, seed := range s.seeds {
		if g, ok := s.games[seed][of]; ok {
			return g
		}
	}
	return Game{}
}

// lack notes that no seed has any of the games a claim is about.
func (s *study) lack(what string) { s.missing.add(what, s.seeds...) }

// unit is a set of games that are compared with each other: a seed has all of
// them or none is of use.
type unit []slot

// row is a seed with its games.
type row struct {
	seed  uint64
	games map[slot]Game
}

// use chooses the units that a claim is settled by, and the seeds that have all
// of their games; it reports whether there is a unit. It notes what is missing.
// A unit of which a game collapsed in every seed that has it is left out, and so
// is a seed of which a game of another unit collapsed.
func (s *study) use(units []unit) bool {
	s.units = slices.DeleteFunc(units, func(u unit) bool { return slices.ContainsFunc(u, s.alwaysCollapses) })
	for _, seed := range s.seeds {
		usable := len(s.units) > 0
		for _, slot := range slotsOf(s.units) {
			g, ok := s.games[seed][slot]
			switch {
			case !ok:
				s.missing.add(slot.String(), seed)
				usable = false
			case g.Collapsed:
				s.excluded.add("collapsed model, its seed left out: "+slot.String(), seed)
				usable = false
			}
		}
		if usable {
			s.rows = append(s.rows, row{seed, s.games[seed]})
		}
	}
	return len(s.units) > 0
}

// alwaysCollapses reports and notes whether a game collapsed in every seed that
// has it.
func (s *study) alwaysCollapses(of slot) bool {
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

// slotsOf returns the distinct slots of units in their order.
func slotsOf(units []unit) []slot {
	var slots []slot
	for _, u := range units {
		slots = append(slots, u...)
	}
	slices.SortFunc(slots, compareSlots)
	return slices.Compact(slots)
}

// complete returns the seeds that have all games.
func (s *study) complete() []uint64 {
	seeds := make([]uint64, len(s.rows))
	for i, r := range s.rows {
		seeds[i] = r.seed
	}
	return seeds
}

// models counts the trained models behind the games that are used.
func (s *study) models() int {
	models := map[string]bool{}
	for _, r := range s.rows {
		for _, slot := range slotsOf(s.units) {
			for _, model := range r.games[slot].Models {
				models[model] = true
			}
		}
	}
	return len(models)
}

// number computes something by a measure from the games of one seed.
type number func(r row, m Measure) float64

// statement says that a number lies on one side of a bound.
type statement struct {
	// name with %s for the measure: "change of mean %s with CutMix".
	name     string
	measures []Measure
	unit     Unit
	side     Side
	bound    float64
	// value computes the number from the games of one seed; NaN where it does
	// not exist.
	value number
	// room computes what there is to lose (or gain); nil where a statement is
	// not about a change.
	room number
	// needs says what is missing where value is NaN; empty: the measure.
	needs string
}

// asrAndLift are the measures of every statement about the ASR.
var asrAndLift = []Measure{ASR, Lift}

// measure computes and judges one statement by one measure.
func (s *study) measure(st statement, m Measure) Statistic {
	result := Statistic{
		Name: fmt.Sprintf(st.name, m), Measure: m, Unit: st.unit, Side: st.side, Bound: st.bound,
		Estimate: stats.Undefined(), Low: stats.Undefined(), High: stats.Undefined(), Room: stats.Undefined(),
		PerSeed: []SeedValue{},
	}
	var values, rooms []float64
	for _, r := range s.rows {
		value := st.value(r, m)
		if math.IsNaN(value) {
			needs := st.needs
			if needs == "" {
				needs = m.String()
			}
			s.missing.add(needs, r.seed)
			continue
		}
		values = append(values, value)
		result.PerSeed = append(result.PerSeed, SeedValue{r.seed, value})
		if st.room != nil {
			rooms = append(rooms, st.room(r, m))
		}
	}
	if st.room != nil {
		result.Room = stats.Summarize(rooms).Mean
	}
	result.judge(values)
	return result
}

// notes are remarks, each with the seeds it is about, in the order of their
// first appearance.
type notes struct {
	order []string
	seeds map[string][]uint64
}

// add notes a remark for seeds.
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

// texts returns the remarks with their seeds, of which there are all in all.
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
