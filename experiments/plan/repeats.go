package plan

import (
	"fmt"
	"maps"
	"slices"

	"backfire/game"
)

// RepeatLines describes, in one line for each dataset, the images of its games that have the
// pixels of another image of the same game: of each count the largest of all games. A
// dataset without such images has no line.
func (s *Sweep) RepeatLines() []string {
	s.planning.Lock()
	defer s.planning.Unlock()
	type counts struct {
		games int // with repeated pixels
		most  game.Repeats
	}
	byData := map[string]counts{}
	seen := map[string]bool{} // hashes
	for _, p := range s.planners {
		for _, g := range p.games {
			if g.deal == nil || g.deal.repeats == (game.Repeats{}) || seen[g.hash] {
				continue
			}
			seen[g.hash] = true
			of := byData[p.set.Name]
			byData[p.set.Name] = counts{of.games + 1, of.most.Most(g.deal.repeats)}
		}
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(byData)) {
		of, most := byData[name], ""
		if of.games > 1 {
			most = fmt.Sprintf(" (the most of %d games)", of.games)
		}
		lines = append(lines, fmt.Sprintf("%s: equal pixels across the deal%s: %s", name, most, of.most.Line()))
	}
	return lines
}
