package claims

import (
	"fmt"
	"slices"
	"strings"
)

// notes collects remarks, each with its seeds, in the order of their first
// appearance.
type notes struct {
	order []string
	seeds map[string][]repetition
}

// add adds a remark about seeds.
func (n *notes) add(text string, seeds ...repetition) {
	if n.seeds == nil {
		n.seeds = map[string][]repetition{}
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
			texts = append(texts, fmt.Sprintf("%s (seed %v)", text, seeds[0]))
		default:
			texts = append(texts, fmt.Sprintf("%s (seeds %s)", text, seedList(seeds)))
		}
	}
	return texts
}

// seedList returns seeds as text, separated by commas.
func seedList(seeds []repetition) string {
	texts := make([]string, len(seeds))
	for i, seed := range seeds {
		texts[i] = seed.String()
	}
	return strings.Join(texts, ", ")
}
