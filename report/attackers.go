package report

import (
	"fmt"
	"strings"

	"backfire/internal/words"
	"backfire/report/table"
)

// narrowWidth is the number of characters in a line of a table of one configuration,
// which fits into any terminal.
const narrowWidth = 80

// comparedWidth is that number where the table has columns that compare defenders and
// columns that compare attackers with other games.
const comparedWidth = 100

// alike reports whether all points of a training of a seed are one, so that the games differ
// in number of attackers, defender, seed and training alone.
func (b *builder) alike() bool {
	seen := map[[2]uint64]bool{}
	points := b.pointSummaries()
	for _, p := range points {
		seen[[2]uint64{p.Seed, uint64(p.Repetition)}] = true
	}
	return len(points) == len(seen)
}

// list returns the ASR of each attacker over the seeds, with its single ASR in brackets
// where it was also played alone.
func (s *series) list(labels []string) table.AttackerList {
	l := table.AttackerList{Labels: labels, IDs: []int{}, Entries: []table.Entry{}}
	for i, a := range s.attackers() {
		entry := table.EntryOf(s.attackerASR(i))
		if single := s.singleASRs(i); len(single) > 0 {
			entry.Values = append(entry.Values, table.NewValue(table.QuantitySingleASR, single).InBrackets())
		}
		l.IDs, l.Entries = append(l.IDs, a.ID), append(l.Entries, entry)
	}
	return l
}

// labelTexts returns the target label of each attacker of the largest game, "0 Sneaker (#7),
// 1 Bag (#8)", if the games agree on them; otherwise an empty text.
func (b *builder) labelTexts() string {
	var texts []string
	for _, s := range b.all {
		for _, p := range s.complete() {
			for i, a := range p.game.Attackers {
				text := fmt.Sprintf("%d %s", a.ID, words.Class(a.Label, a.Target))
				if i == len(texts) {
					texts = append(texts, text)
				} else if texts[i] != text {
					return ""
				}
			}
		}
	}
	return strings.Join(texts, ", ")
}
