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
	p1s     string // "0.2,0.2,0.2"
	p2s     string // "0.2,0.2,0.2"
	setting
}

// setting is what the games of a seed share unless a sweep varies it.
type setting struct {
	pool, width int
	trigger     string // kind
}

// keyOf returns the key of a game.
func keyOf(g Game) gameKey {
	k := gameKey{
		defense: g.Defense, labels: g.Labels, n: len(g.Attackers),
		setting: setting{g.Pool, g.Width, cmp.Or(g.Trigger, randomTrigger)},
	}
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
	k.p1s = list(func(a Attacker) string { return formatRate(a.P1) })
	k.p2s = list(func(a Attacker) string { return formatRate(a.P2) })
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

// allAt reports whether every attacker has the given strength.
func (k gameKey) allAt(of strength) bool { return k == k.at(of) }

// with returns the key of the same game with another defense.
func (k gameKey) with(defense string) gameKey {
	k.defense = defense
	return k
}

// at returns the key of the same game with every attacker at one strength.
func (k gameKey) at(of strength) gameKey {
	k.rates = repeated(formatRate(of.p0), k.n)
	k.p1s, k.p2s = repeated(formatRate(of.p1), k.n), repeated(formatRate(of.p2), k.n)
	return k
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
	parts = append(parts, k.strengthText())
	if k.defense == NoDefense {
		return strings.Join(append(parts, "no defense"), ", ")
	}
	return strings.Join(append(parts, k.defense), ", ")
}

// text describes the pool, the network and the triggers.
func (s setting) text() string {
	return fmt.Sprintf("pool of %d, width %d, %s triggers", s.pool, s.width, s.trigger)
}

// strengthText describes poison rates and trigger sizes: "p = 0.2" where all are equal,
// otherwise "p0 = 0.2, p1 = 0.4, p2 = 0.4".
func (k gameKey) strengthText() string {
	short := func(list string) string {
		if first := firstOf(list); list == repeated(first, k.n) {
			return first
		}
		return list
	}
	if k.rates == k.p1s && k.p1s == k.p2s {
		return "p = " + short(k.rates)
	}
	return fmt.Sprintf("p0 = %s, p1 = %s, p2 = %s", short(k.rates), short(k.p1s), short(k.p2s))
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
		cmp.Compare(a.targets, b.targets), cmp.Compare(a.rates, b.rates), cmp.Compare(a.p1s, b.p1s), cmp.Compare(a.p2s, b.p2s),
		cmp.Compare(a.pool, b.pool), cmp.Compare(a.width, b.width), cmp.Compare(a.trigger, b.trigger),
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
