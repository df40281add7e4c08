package claims

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// gameKey identifies a game apart from its seed: games of two seeds with the
// same key repeat one experiment. It is comparable.
type gameKey struct {
	defense string
	labels  Labels // empty for one attacker with a chosen target
	n       int
	ids     string // the attackers' IDs, "0,1,2"
	targets string // "2,2,2"; empty for Random, whose targets differ from seed to seed
	rates   string // "0.4,0.2,0.2"
}

// keyOf returns the key of a game.
func keyOf(g Game) gameKey {
	k := gameKey{defense: g.Defense, labels: g.Labels, n: len(g.Attackers)}
	if k.n == 1 && g.Labels != Random {
		k.labels = ""
	}
	list := func(text func(a Attacker) string) string {
		texts := make([]string, len(g.Attackers))
		for i, a := range g.Attackers {
			texts[i] = text(a)
		}
		return strings.Join(texts, ",")
	}
	k.ids = list(func(a Attacker) string { return strconv.Itoa(a.ID) })
	k.rates = list(func(a Attacker) string { return formatRate(a.Rate) })
	if g.Labels != Random {
		k.targets = list(func(a Attacker) string { return strconv.Itoa(a.Target) })
	}
	return k
}

// formatRate formats a rate exactly.
func formatRate(rate float64) string { return strconv.FormatFloat(rate, 'g', -1, 64) }

// repeated returns the list of n equal elements, joined by commas.
func repeated(element string, n int) string {
	return strings.TrimSuffix(strings.Repeat(element+",", n), ",")
}

// allAt reports whether every attacker has the given rate.
func (k gameKey) allAt(rate float64) bool { return k.rates == repeated(formatRate(rate), k.n) }

// with returns the key of the same game with another defense.
func (k gameKey) with(defense string) gameKey {
	k.defense = defense
	return k
}

// at returns the key of the same game with every attacker at one rate.
func (k gameKey) at(rate float64) gameKey {
	k.rates = repeated(formatRate(rate), k.n)
	return k
}

// alone returns the key of the game in which an attacker plays alone without a
// defense, at a rate and with its target in the game of k.
func (k gameKey) alone(a Attacker, rate float64) gameKey {
	single := gameKey{defense: NoDefense, n: 1, ids: strconv.Itoa(a.ID), rates: formatRate(rate)}
	if k.labels == Random {
		single.labels = Random
	} else {
		single.targets = strconv.Itoa(a.Target)
	}
	return single
}

// String describes the game as shown to the user, such as "N = 5, label 2, p = 0.2,
// no defense".
func (k gameKey) String() string {
	parts := []string{fmt.Sprintf("N = %d", k.n)}
	if k.n == 1 {
		parts = []string{"attacker " + k.ids + " alone"}
	}
	switch {
	case k.labels == Random:
		parts = append(parts, "labels random")
	case k.n == 1:
		parts = append(parts, "label "+k.targets)
	case k.labels == Same:
		parts = append(parts, "label "+firstOf(k.targets))
	default:
		parts = append(parts, "labels "+k.targets)
	}
	rates := k.rates
	if first := firstOf(rates); rates == repeated(first, k.n) {
		rates = first
	}
	parts = append(parts, "p = "+rates)
	if k.defense == NoDefense {
		return strings.Join(append(parts, "no defense"), ", ")
	}
	return strings.Join(append(parts, k.defense), ", ")
}

// firstOf returns the first element of a list in a key.
func firstOf(list string) string {
	first, _, _ := strings.Cut(list, ",")
	return first
}

// compareKeys orders keys by number of attackers, then by the other fields.
func compareKeys(a, b gameKey) int {
	return cmp.Or(
		cmp.Compare(a.n, b.n), cmp.Compare(a.defense, b.defense), cmp.Compare(a.labels, b.labels),
		cmp.Compare(len(a.ids), len(b.ids)), cmp.Compare(a.ids, b.ids),
		cmp.Compare(a.targets, b.targets), cmp.Compare(a.rates, b.rates),
	)
}

// sizes returns the distinct numbers of attackers in ascending order.
func sizes(keys []gameKey) []int {
	var ns []int
	for _, k := range keys {
		ns = append(ns, k.n)
	}
	slices.Sort(ns)
	return slices.Compact(ns)
}
