package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"backfire/report/table"
)

// antiBAD returns the score of the Anti-BAD challenge as a share: sqrt(accuracy*(1-ASR)).
func antiBAD(accuracy, asr float64) float64 { return math.Sqrt(accuracy * (1 - asr)) }

// familyHeads are the heads of the columns of each number of attackers in the table of
// defenses.
var familyHeads = []string{"acc.", "ASR", "lift", robustHead, "score", "ASR change", "images", "time"}

// familiesWidth is the number of characters of a line of the table of defenses.
const familiesWidth = 180

// families fills the table of defenses: a row for each defender, and the games of each number
// of attackers beside each other, so that it shows whether a defense that helps against one
// attacker helps against many.
func (b *builder) families() {
	t := b.table
	t.Title = cmp.Or(b.opt.Title, t.Name) + " on " + t.Dataset
	t.Heads = []string{"defender"}
	t.Width = familiesWidth
	var counts []int
	var defenders []string
	for _, s := range b.all {
		if !slices.Contains(counts, s.n) {
			counts = append(counts, s.n)
		}
		if !slices.Contains(defenders, s.defender) {
			defenders = append(defenders, s.defender)
		}
	}
	slices.Sort(counts)
	certified := slices.ContainsFunc(b.all, func(s *series) bool { return s.votes() })
	heads := slices.Clone(familyHeads)
	if certified {
		heads = append(heads, "certified")
	}
	for _, n := range counts {
		for _, head := range heads {
			t.Columns = append(t.Columns, table.Column{Group: fmt.Sprintf("N = %d", n), Head: head})
		}
	}
	for _, defender := range defenders {
		row := table.Row{Labels: []string{defender}, Defender: defender}
		for _, n := range counts {
			at := slices.IndexFunc(b.all, func(s *series) bool { return s.defender == defender && s.n == n })
			if at < 0 {
				row.Entries = append(row.Entries, make([]table.Entry, len(heads))...)
				continue
			}
			s := b.all[at]
			row.Marks = append(row.Marks, b.gameMarks(s)...)
			if s.filtered() {
				row.Marks = append(row.Marks, t.Mark(fmt.Sprintf("N = %d: %s", n, s.filterText())))
			}
			row.Entries = append(row.Entries, s.familyEntries()...)
			switch {
			case s.votes():
				row.Entries = append(row.Entries, table.EntryOf(s.certified(quantityCertified, 1, ownRule)))
			case certified:
				row.Entries = append(row.Entries, table.Entry{})
			}
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = append(t.Notes, "Score: the square root of acc. times (100 - ASR), as in the Anti-BAD challenge. ASR change: in points, against none with as many attackers, seed by seed. "+
		"Images and time: of all trainings, filters and repairs of the defender, in percent of that game's."+b.undefendedSeconds())
	if certified {
		t.Notes = append(t.Notes, "Certified: right answers to clean images that no single agent could have changed, whatever it had sent (t = 1); only votes have a certificate.")
	}
}

// undefendedSeconds returns a sentence on how long the training without a defense took, after a space; empty if no
// result has times.
func (b *builder) undefendedSeconds() string {
	var parts []string
	for _, s := range b.all {
		total, games := 0.0, 0
		for _, p := range s.games {
			if s.defended() == "" && p.game.TrainSeconds > 0 {
				total, games = total+p.game.TrainSeconds, games+1
			}
		}
		if games > 0 {
			parts = append(parts, fmt.Sprintf("%.1f s at N = %d", total/float64(games), s.n))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " Without a defense a training's epochs took " + strings.Join(parts, " and ") + ", on the mean over the seeds."
}

// familyEntries returns the entries of familyHeads.
func (s *series) familyEntries() []table.Entry {
	entries := []table.Entry{
		table.EntryOf(s.clean()), table.EntryOf(s.asr()), table.EntryOf(s.lift()), table.EntryOf(s.robustness()), table.EntryOf(s.score()),
	}
	against := s.againstNone()
	return append(entries, against[1], against[3], against[4])
}
