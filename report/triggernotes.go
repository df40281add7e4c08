package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"backfire/experiments/plan"
	"backfire/experiments/summary"
	"backfire/report/table"
)

// drawMarks returns the marks of footnotes on the triggers of some attackers: that they
// were redrawn, that no trigger works alone, or that the trigger works alone only with
// other settings than the game's.
func (b *builder) drawMarks(s *series, attackers ...int) []string {
	var again, weak, here []string
	least := 0.0
	for _, i := range attackers {
		for _, p := range s.complete() {
			least = p.point.MinSingleASR
			a := p.game.Attackers[i]
			kept, ok := keptDraw(a)
			if !ok {
				continue
			}
			whose := fmt.Sprintf("attacker %d, seed %s", a.ID, p.seedText())
			first := p.point.Repetition <= 1 // all trainings have the triggers of the first
			if n := len(a.Candidates) - 1; first && n > 0 {
				again = append(again, fmt.Sprintf("%s (%s)", times(n), whose))
			}
			switch {
			case kept.ASR != nil && kept.ASR.Value() < least:
				if first {
					weak = append(weak, whose)
				}
			case verifiedElsewhere(a) && a.SingleASR.Value() < least:
				here = append(here, whose)
			}
		}
	}
	var marks []string
	limit := fmt.Sprintf("%v %%", math.Round(1e4*least)/100)
	if len(again) > 0 {
		marks = append(marks, b.table.Mark("Trigger drawn again, as its single ASR was under "+limit+": "+strings.Join(again, ", ")+"."))
	}
	if len(weak) > 0 {
		marks = append(marks, b.table.Mark("No trigger drawn has a single ASR of "+limit+", the best is kept: "+strings.Join(weak, "; ")+"."))
	}
	if len(here) > 0 {
		marks = append(marks, b.table.Mark("Trigger verified in another single game; in this one its ASR is under "+limit+": "+strings.Join(here, "; ")+"."))
	}
	return marks
}

// ownSingles returns the mark of a footnote on the single ASRs of attackers whose
// triggers were verified in other single games than the game's own; none if there are
// no such attackers.
func (b *builder) ownSingles(s *series) []string {
	var texts []string
	for _, i := range s.everyone() {
		var values perSeed[table.Measured]
		var under []string
		for _, p := range s.complete() {
			if a := p.game.Attackers[i]; verifiedElsewhere(a) {
				values.add(p.point.Seed, measuredRate(*a.SingleASR))
				if a.SingleASR.Value() < p.point.MinSingleASR {
					under = append(under, p.seedText())
				}
			}
		}
		if len(values.seeds) == 0 {
			continue
		}
		single := table.NewValue(table.QuantitySingleASR, values.joined(meanMeasured))
		text := fmt.Sprintf("attacker %d %s %%", i, single.Percent(single.Mean))
		if len(under) > 0 {
			text += " (under the ASR asked of triggers: " + seedsText(under) + ")"
		}
		texts = append(texts, text)
	}
	if len(texts) == 0 {
		return nil
	}
	return []string{b.table.Mark("Single ASR with the rate of this game, its trigger verified at another: " + strings.Join(texts, ", ") + ".")}
}

// keptDraw returns the draw that an attacker plays with, and false if its trigger was
// not verified.
func keptDraw(a summary.GameAttacker) (plan.Candidate, bool) {
	kept := slices.IndexFunc(a.Candidates, func(d plan.Candidate) bool { return d.Kept })
	if kept < 0 {
		return plan.Candidate{}, false
	}
	return a.Candidates[kept], true
}

// verifiedElsewhere reports whether an attacker has a single ASR and its trigger was
// verified in another single game than that.
func verifiedElsewhere(a summary.GameAttacker) bool {
	kept, ok := keptDraw(a)
	return ok && a.SingleASR != nil && a.SingleCell != kept.Cell
}

// everyone lists the positions of a series' attackers, if any of its games has a
// result.
func (s *series) everyone() []int {
	positions := make([]int, len(s.attackers()))
	for i := range positions {
		positions[i] = i
	}
	return positions
}

// times returns a number of times in words.
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
