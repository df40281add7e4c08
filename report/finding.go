package report

import (
	"fmt"

	"backfire/internal/words"
	"backfire/report/table"
)

// plainFinding returns the ASR of the largest undefended game in a sentence, for a table that
// does not tell what its attackers do to each other; empty if it has no such game.
func (b *builder) plainFinding() string {
	var best *series
	for _, s := range b.all {
		if s.defended() == "" && len(s.complete()) > 0 && (best == nil || s.n > best.n) {
			best = s
		}
	}
	if best == nil {
		return ""
	}
	who, why := fmt.Sprintf("Among %d attackers the mean ASR is", best.n), "; interference was not measured"
	if best.n == 1 {
		who, why = "The attacker, who is alone, has an ASR of", ""
	}
	asr, base := best.asr(), best.baseRate()
	if !asr.Mean.Defined() {
		return ""
	}
	text := fmt.Sprintf("%s %s %%", who, asr.Percent(asr.Mean))
	if interval := asr.IntervalText(); interval != "" {
		text += " (" + interval + ")"
	}
	if base.Mean.Defined() {
		text += fmt.Sprintf(", with a base rate of %s %%", base.Percent(base.Mean))
	}
	return fmt.Sprintf("%s, on %s%s.", text, words.Plural(max(1, len(b.table.Seeds)), "seed"), why)
}

// compareRow sets what a page filters a row of a table by.
func compareRow(row *table.Row, s *series) { row.N, row.Defender = s.n, s.defender }
