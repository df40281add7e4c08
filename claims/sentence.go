package claims

import (
	"fmt"
	"strconv"
	"strings"

	"backfire/internal/words"
	"backfire/stats"
)

// text returns the estimate as a clause, such as "the change of mean ASR by CutMix
// is -71.2 points (95 % CI -75.0 to -67.4)".
func (s *Statistic) text() string {
	text := fmt.Sprintf("the %s is %s", s.Name, s.Format(s.Estimate))
	if s.Low.Defined() && s.High.Defined() {
		text += fmt.Sprintf(" (95 %% CI %s to %s)", s.format(s.Low), s.format(s.High))
	}
	return text
}

// Format formats a measured number of the statistic, such as its estimate, with the
// unit's name.
func (s *Statistic) Format(x stats.Number) string { return s.format(x) + s.Unit.name() }

// format formats a measured number without the unit's name.
func (s *Statistic) format(x stats.Number) string {
	if s.Images == 0 || s.Unit == Correlation {
		return s.Unit.format(float64(x))
	}
	text := stats.Percent(x, s.Images)
	if s.Unit == Difference && !strings.HasPrefix(text, "-") && strings.Trim(text, "0.") != "" {
		text = "+" + text
	}
	return text
}

// condition returns the part of the scale that gives an answer, such as "below -5.0".
func (s *Statistic) condition(outcome Outcome) string {
	switch outcome {
	case Opposite:
		return fmt.Sprintf("%s %s", s.Side.other(), s.Unit.format(s.OppositeBound))
	case NoEffect:
		low, high := min(s.Bound, s.OppositeBound), max(s.Bound, s.OppositeBound)
		return fmt.Sprintf("within %s and %s", s.Unit.format(low), s.Unit.format(high))
	default:
		return fmt.Sprintf("%s %s", s.Side, s.Unit.format(s.Bound))
	}
}

// Conditions returns the conditions of the answers, such as "supported below -5.0,
// opposite above +5.0".
func (s *Statistic) Conditions() string {
	return fmt.Sprintf("%s %s, %s %s", Supported, s.condition(Supported), Opposite, s.condition(Opposite))
}

// bySeed returns how many seeds have a value that would be an answer if the mean had it, such as "5 of 6 seeds below,
// none above". It describes the seeds at hand and promises nothing about others.
func (s *Statistic) bySeed() string {
	low, high := min(s.Bound, s.OppositeBound), max(s.Bound, s.OppositeBound)
	below, above := 0, 0
	for _, seed := range s.PerSeed {
		switch {
		case seed.Value < low:
			below++
		case seed.Value > high:
			above++
		}
	}
	first, second := below, above
	if s.Side == Above {
		first, second = above, below
	}
	count := strconv.Itoa(second)
	if second == 0 {
		count = "none"
	}
	return fmt.Sprintf("%d of %s %s, %s %s", first, words.Plural(len(s.PerSeed), "seed"), s.Side, count, s.Side.other())
}

// sentence returns the verdict and its reason in one or two sentences.
func (v *Verdict) sentence() string {
	on := fmt.Sprintf(" on %s and %s", words.Plural(len(v.Seeds), "seed"), words.Plural(v.Models, "model"))
	if len(v.Seeds) == 0 {
		on = ""
	}
	text := map[Outcome]string{
		Supported: fmt.Sprintf("That %s is supported%s: ", v.Says, on),
		Opposite:  fmt.Sprintf("The opposite of the claim that %s is shown%s: ", v.Says, on),
		NoEffect:  fmt.Sprintf("There is no effect behind the claim that %s,%s: ", v.Says, on),
		Undecided: fmt.Sprintf("That %s is undecided%s: ", v.Says, on),
	}[v.Outcome]
	if v.Outcome == Undecided {
		text += v.doubt()
	} else {
		deciding := v.deciding()
		text += fmt.Sprintf("%s, %s", deciding[0].text(), deciding[0].condition(v.Outcome))
		if len(deciding) > 1 {
			text += ", and lift agrees"
		}
	}
	return text + "." + v.comparison()
}

// doubt returns the reason why a claim is undecided.
func (v *Verdict) doubt() string {
	switch {
	case len(v.Missing) > 0:
		return "missing: " + strings.Join(v.Missing, "; ")
	case len(v.statements()) == 0:
		return "a model of each of its comparisons collapsed"
	case v.TooFew():
		text := fmt.Sprintf("at least %d seeds are needed", MinSeeds(v.Claims))
		if v.Claims > 1 {
			text += fmt.Sprintf(" for %d claims judged together", v.Claims)
		}
		return text
	case v.P <= 1-confidence:
		outcome, _ := v.answers().best()
		return fmt.Sprintf("judged by itself the answer would be %q (p = %.3f), but not corrected for %s judged together (p = %.3f)%s",
			outcome, v.P, words.Plural(v.Claims, "claim"), v.Adjusted, v.more())
	}
	deciding := v.deciding()
	first := &deciding[0]
	for i := range deciding[1:] {
		if other := &deciding[1+i]; other.Outcome != first.Outcome {
			return fmt.Sprintf("ASR and lift disagree: by ASR it is %s (%s), by lift %s (%s)%s",
				first.Outcome, first.text(), other.Outcome, other.text(), v.more())
		}
	}
	switch {
	case first.Outcome != Undecided:
		return fmt.Sprintf("%s, which is enough for a claim of one statement, but not of %d%s", first.text(), len(v.statements()), v.more())
	case first.lacksRoom():
		return fmt.Sprintf("%s, but only %s points could change", first.text(), strings.TrimPrefix(first.format(first.Room), "+"))
	default:
		return fmt.Sprintf("%s, an interval too wide for an answer (%s; %s)%s", first.text(), first.Conditions(), first.bySeed(), v.more())
	}
}

// more returns the number of seeds that would settle the claim.
func (v *Verdict) more() string {
	if v.Needed == 0 {
		return ""
	}
	return fmt.Sprintf("; about %d seeds would settle it with a probability of 80 %%", v.Needed)
}

// comparison returns the answer to the second question as a sentence, empty if it is
// not asked.
func (v *Verdict) comparison() string {
	for _, s := range v.Statistics {
		if s.Size == v.Size && s.Size != "" && !s.Beside {
			paper := fmt.Sprintf("the paper's (%s, which repeats within %s)", s.Unit.Format(float64(s.Paper)), Share.format(float64(s.Repeats)))
			switch s.Size {
			case AsLarge:
				return fmt.Sprintf(" The effect is as large as %s.", paper)
			case Smaller:
				return fmt.Sprintf(" The effect is smaller than %s.", paper)
			default:
				return fmt.Sprintf(" Whether the effect is as large as %s is undecided.", paper)
			}
		}
	}
	return ""
}

// qualifier returns " (exploratory)" for an answer that is no verdict.
func (v *Verdict) qualifier() string {
	if v.Exploratory {
		return " (exploratory)"
	}
	return ""
}

// Text returns verdicts as text for the user: each with its sentence, its
// statistics and the games that are left out.
func Text(verdicts []Verdict) string {
	var text strings.Builder
	for _, v := range verdicts {
		fmt.Fprintf(&text, "%s %s: %s%s\n  %s\n", v.Claim, v.Title, strings.ToUpper(string(v.Outcome)), v.qualifier(), v.Sentence)
		if v.Reading != "" {
			fmt.Fprintf(&text, "  Reading: %s\n", v.Reading)
		}
		for _, s := range v.Statistics {
			if s.Estimate.Defined() {
				beside := map[bool]string{true: "beside: "}[s.Beside]
				fmt.Fprintf(&text, "  - %s%s; %s: %s\n", beside, strings.TrimPrefix(s.text(), "the "), s.Conditions(), s.Outcome)
			}
		}
		for _, excluded := range v.Excluded {
			fmt.Fprintf(&text, "  Excluded: %s\n", excluded)
		}
	}
	return text.String()
}
