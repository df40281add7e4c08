package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// strength holds poison rate p0 and trigger sizes p1 and p2 of an attacker.
type strength struct{ p0, p1, p2 float64 }

// strengths returns each attacker's strength. For a game without results they come from
// the keys of its point; nil if these do not give them.
func (s *series) strengths() []strength {
	var all []strength
	if attackers := s.attackers(); attackers != nil {
		for _, a := range attackers {
			all = append(all, strength{a.PoisonRate, a.P1, a.P2})
		}
		return all
	}
	p, err := strconv.ParseFloat(s.keys["attackers.p"], 64)
	if err != nil {
		return nil
	}
	all = slices.Repeat([]strength{{p, p, p}}, s.n)
	set := func(i int, rate, size1, size2 *float64) {
		for _, v := range []struct{ to, from *float64 }{{&all[i].p0, rate}, {&all[i].p1, size1}, {&all[i].p2, size2}} {
			if v.from != nil {
				*v.to = *v.from
			}
		}
	}
	s.eachValue("attackers.rates", func(i int, v *float64) { set(i, v, v, v) })
	for i := range all {
		set(i, s.value("attackers.p0"), s.value("attackers.p1"), s.value("attackers.p2"))
	}
	s.eachValue("attackers.poison_rates", func(i int, v *float64) { set(i, v, nil, nil) })
	s.eachValue("attackers.trigger_sizes", func(i int, v *float64) { set(i, nil, v, v) })
	return all
}

// value returns the number that a key of the point has, nil if it has none.
func (s *series) value(key string) *float64 {
	v, err := strconv.ParseFloat(s.keys[key], 64)
	if err != nil {
		return nil
	}
	return &v
}

// eachValue calls do with each attacker's entry of a key of the point that is a list.
func (s *series) eachValue(key string, do func(position int, v *float64)) {
	for i, text := range strings.Split(s.keys[key], ",") {
		if v, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil && i < s.n {
			do(i, &v)
		}
	}
}

// rates returns each attacker's poison rate p0; nil if it is not known.
func (s *series) rates() []float64 {
	var rates []float64
	for _, a := range s.strengths() {
		rates = append(rates, a.p0)
	}
	return rates
}

// allAt returns the rate that all attackers share, and whether there is one.
func allAt(rates []float64) (float64, bool) {
	if len(rates) == 0 || len(slices.Compact(slices.Clone(rates))) > 1 {
		return 0, false
	}
	return rates[0], true
}

// together returns the strength that all attackers of a series share, and whether there is
// one.
func (s *series) together() (strength, bool) {
	all := s.strengths()
	if len(all) == 0 || len(slices.Compact(slices.Clone(all))) > 1 {
		return strength{}, false
	}
	return all[0], true
}

// strengthText describes the strengths of a game: "all at 0.2", or "attacker 0 at 0.4"
// where the others are usual, or "attacker 0 at p0 = 0.4" where only that is not usual.
func strengthText(all []strength, usual strength) string {
	text := func(a strength) string {
		switch {
		case a.p0 == a.p1 && a.p1 == a.p2, a.p1 == usual.p1 && a.p2 == usual.p2 && (usual.p1 != usual.p0 || usual.p2 != usual.p0):
			return fmt.Sprint(a.p0)
		case a.p1 == usual.p1 && a.p2 == usual.p2:
			return fmt.Sprintf("p0 = %v", a.p0)
		case a.p0 == usual.p0 && a.p1 == a.p2:
			return fmt.Sprintf("p1 = p2 = %v", a.p1)
		default:
			return fmt.Sprintf("p0 = %v, p1 = %v, p2 = %v", a.p0, a.p1, a.p2)
		}
	}
	if len(all) > 0 && len(slices.Compact(slices.Clone(all))) == 1 {
		if len(all) == 1 {
			return "at " + text(all[0])
		}
		return "all at " + text(all[0])
	}
	var others []string
	for i, a := range all {
		if a != usual {
			others = append(others, fmt.Sprintf("attacker %d at %s", i, text(a)))
		}
	}
	return strings.Join(others, ", ")
}

// usualRate returns the rate that all attackers share in most games, the first of
// equals; 0 if there is none.
func usualRate(all []*series) float64 {
	usual, _ := most(all, func(s *series) (float64, bool) { return allAt(s.rates()) })
	return usual
}

// usualStrength returns the strength that all attackers share in most games at a poison
// rate, the first of equals; if there is none, all of it is that rate.
func usualStrength(all []*series, rate float64) strength {
	usual, ok := most(all, func(s *series) (strength, bool) {
		a, same := s.together()
		return a, same && a.p0 == rate
	})
	if !ok {
		return strength{rate, rate, rate}
	}
	return usual
}

// most returns the value that most series have, the first of equals, and whether any has
// one.
func most[T comparable](all []*series, of func(*series) (T, bool)) (T, bool) {
	var best T
	found := false
	counts := map[T]int{}
	for _, s := range all {
		if v, ok := of(s); ok {
			counts[v]++
		}
	}
	for _, s := range all {
		if v, ok := of(s); ok && (!found || counts[v] > counts[best]) {
			best, found = v, true
		}
	}
	return best, found
}

// atUsual reports whether all attackers of a series have the usual strength.
func (b *builder) atUsual(s *series) bool {
	a, same := s.together()
	return same && a == b.strength
}
