package claims

import (
	"fmt"
	"math"
	"strings"

	"backfire/internal/words"
	"backfire/stats"
)

// Finding returns what a verdict on C1 says about the attackers in one sentence of plain
// words. It is empty for another claim, and where no interference was measured.
func Finding(v Verdict) string {
	statements := v.statements()
	if v.Claim != "C1" || len(statements) == 0 {
		return ""
	}
	s := statements[0][len(statements[0])-1] // interference is a difference of lifts
	if !s.Estimate.Defined() {
		return ""
	}
	who := inWords(v.attackers) + " attackers"
	number := fmt.Sprintf("interference %s", s.Format(s.Estimate))
	if s.Low.Defined() && s.High.Defined() {
		number = fmt.Sprintf("interference %s (95 %% CI %s to %s)", s.plain(s.Estimate, math.Round)+s.Unit.name(), s.plain(s.Low, math.Floor), s.plain(s.High, math.Ceil))
	}
	number += fmt.Sprintf(" on %s", words.Plural(len(s.PerSeed), "seed"))
	switch v.Outcome {
	case Supported:
		return fmt.Sprintf("%s spoil each other: %s.", strings.ToUpper(who[:1])+who[1:], number)
	case Opposite:
		return fmt.Sprintf("%s do not spoil each other, they help each other: %s.", strings.ToUpper(who[:1])+who[1:], number)
	case NoEffect:
		return fmt.Sprintf("%s neither spoil nor help each other: %s.", strings.ToUpper(who[:1])+who[1:], number)
	}
	more := ""
	switch {
	case len(v.Missing) > 0:
		more = "; games are missing"
	case v.TooFew():
		more = fmt.Sprintf("; at least %d seeds are needed", MinSeeds(v.Claims))
	case v.Needed > 0:
		more = fmt.Sprintf("; about %d seeds would tell", v.Needed)
	case s.lacksRoom():
		more = "; the attacks hardly work alone, so there is little to spoil"
	}
	return fmt.Sprintf("Whether %s spoil each other is undecided: %s%s.", who, number, more)
}

// wideHalf is the half width of an interval of points from which a decimal is noise.
const wideHalf = 0.05

// plain formats a number of the statistic for a sentence: as format does, and rounded to whole
// points where its interval is wide.
func (s *Statistic) plain(x stats.Number, round func(float64) float64) string {
	if float64(s.High-s.Low) < 2*wideHalf || s.Unit == Correlation {
		return s.format(x)
	}
	const digits = 1e6 // beyond which a number is that of rounding
	whole := round(math.Round(100*digits*float64(x)) / digits)
	if whole == 0 {
		return "0"
	}
	return fmt.Sprintf("%+.0f", whole)
}

// inWords returns a number of attackers, in words up to ten.
func inWords(n int) string {
	numbers := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	if n < len(numbers) {
		return numbers[n]
	}
	return fmt.Sprint(n)
}
