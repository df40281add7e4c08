package claims

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// slot is a game without its seed: the same slot of two seeds is the same
// experiment twice. It is comparable.
type slot struct {
	defense string
	labels  Labels // empty for one attacker with a chosen target
	n       int
	ids     string // attackers, "0,1,2"
	targets string // "2,2,2"; empty for Random, whose targets differ from seed to seed
	rates   string // "0.4,0.2,0.2"
}

// slotOf returns the slot of a game.
func slotOf(g Game) slot {
	s := slot{defense: g.Defense, labels: g.Labels, n: len(g.Attackers)}
	if s.n == 1 && g.Labels != Random {
		s.labels = ""
	}
	list := func(text func(a Attacker) string) string {
		texts := make([]string, len(g.Attackers))
		for i, a := range g.Attackers {
			texts[i] = text(a)
		}
		return strings.Join(texts, ",")
	}
	s.ids = list(func(a Attacker) string { return strconv.Itoa(a.ID) })
	s.rates = list(func(a Attacker) string { return formatRate(a.Rate) })
	if g.Labels != Random {
		s.targets = list(func(a Attacker) string { return strconv.Itoa(a.Target) })
	}
	return s
}

// formatRate writes a rate exactly.
func formatRate(rate float64) string { return strconv.FormatFloat(rate, 'g', -1, 64) }

// repeated returns the list of n times the same element.
func repeated(element string, n int) string {
	return strings.TrimSuffix(strings.Repeat(element+",", n), ",")
}

// allAt reports whether every attacker's rate is the given one.
func (s slot) allAt(rate float64) bool { return s.rates == repeated(formatRate(rate), s.n) }

// with returns the same game with another defense.
func (s slot) with(defense string) slot {
	s.defense = defense
	return s
}

// at returns the same game with every attacker at one rate.
func (s slot) at(rate float64) slot {
	s.rates = repeated(formatRate(rate), s.n)
	return s
}

// alone returns the slot in which an attacker of s, with its target there, is
// alone and undefended at a rate.
func (s slot) alone(a Attacker, rate float64) slot {
	single := slot{defense: NoDefense, n: 1, ids: strconv.Itoa(a.ID), rates: formatRate(rate)}
	if s.labels == Random {
		single.labels = Random
	} else {
		single.targets = strconv.Itoa(a.Target)
	}
	return single
}

// String names the game for people: "N = 5, labels same, p = 0.2, no defense".
func (s slot) String() string {
	parts := []string{fmt.Sprintf("N = %d", s.n)}
	if s.n == 1 {
		parts = []string{"attacker " + s.ids + " alone"}
	}
	switch {
	case s.labels == Random:
		parts = append(parts, "labels random")
	case s.n == 1:
		parts = append(parts, "label "+s.targets)
	case s.labels == Same:
		parts = append(parts, "label "+firstOf(s.targets))
	default:
		parts = append(parts, "labels "+s.targets)
	}
	rates := s.rates
	if first := firstOf(rates); rates == repeated(first, s.n) {
		rates = first
	}
	parts = append(parts, "p = "+rates)
	if s.defense == NoDefense {
		return strings.Join(append(parts, "no defense"), ", ")
	}
	return strings.Join(append(parts, s.defense), ", ")
}

// firstOf returns the first element of a list in a slot.
func firstOf(list string) string {
	first, _, _ := strings.Cut(list, ",")
	return first
}

// compareSlots orders slots by number of attackers, then by everything else.
func compareSlots(a, b slot) int {
	return cmp.Or(
		cmp.Compare(a.n, b.n), cmp.Compare(a.defense, b.defense), cmp.Compare(a.labels, b.labels),
		cmp.Compare(len(a.ids), len(b.ids)), cmp.Compare(a.ids, b.ids),
		cmp.Compare(a.targets, b.targets), cmp.Compare(a.rates, b.rates),
	)
}

// sizes returns the distinct numbers of attackers, ascending.
func sizes(slots []slot) []int {
	var ns []int
	for _, s := range slots {
		ns = append(ns, s.n)
	}
	slices.Sort(ns)
	return slices.Compact(ns)
}
