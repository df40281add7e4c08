package claims

import (
	"fmt"
	"strings"

	"backfire/stats"
)

// Outcome is the outcome of judging a claim or a statement.
type Outcome string

// The outcomes.
const (
	Supported    Outcome = "supported"
	Contradicted Outcome = "contradicted"
	Inconclusive Outcome = "inconclusive"
)

// Side is the side of a bound.
type Side string

// The sides.
const (
	Below Side = "below"
	Above Side = "above"
)

// Unit is the unit of a number.
type Unit string

// The units.
const (
	Difference  Unit = "difference"  // difference of two shares, in [-1, 1]; shown in percentage points
	Share       Unit = "share"       // share in [0, 1], or a deviation of shares; shown in percent
	Correlation Unit = "correlation" // in [-1, 1]
)

// format formats a number without its unit's name.
func (u Unit) format(x float64) string {
	switch u {
	case Correlation:
		return signed(x, 2)
	case Share:
		return strings.TrimPrefix(signed(100*x, 1), "+")
	default:
		return signed(100*x, 1)
	}
}

// name returns the unit's name to write behind a number, empty for a Correlation.
func (u Unit) name() string {
	return map[Unit]string{Difference: " points", Share: " %"}[u]
}

// signed formats x with a sign and the given number of decimals, and zero without a
// sign.
func signed(x float64, decimals int) string {
	text := fmt.Sprintf("%+.*f", decimals, x)
	if strings.Trim(text, "+-0.") == "" {
		return text[1:]
	}
	return text
}

// Statistic is the result of one statement on one measure.
type Statistic struct {
	Name    string  `json:"name"`
	Measure Measure `json:"measure"`
	Unit    Unit    `json:"unit"`
	// Side and Bound are the condition for support: the whole interval is below,
	// or above, Bound.
	Side  Side    `json:"side"`
	Bound float64 `json:"bound"`
	// Estimate is the mean over the seeds, undefined without seeds. Low to High is
	// its 95 % confidence interval (Student's t over the seeds), undefined with
	// fewer than two seeds. The interval may extend beyond the range of single
	// values.
	Estimate stats.Number `json:"estimate"`
	Low      stats.Number `json:"low"`
	High     stats.Number `json:"high"`
	// Room is the mean over the seeds of the amount that could be lost, or gained;
	// see the constant Room. It is undefined if the statement is not about a
	// change.
	Room    stats.Number `json:"room"`
	PerSeed []SeedValue  `json:"per_seed"`
	Outcome Outcome      `json:"outcome"`
}

// SeedValue is a statistic's value on one seed.
type SeedValue struct {
	Seed  uint64  `json:"seed"`
	Value float64 `json:"value"`
}

// judge sets the estimate, its interval and the outcome from the values of the
// seeds.
func (s *Statistic) judge(values []float64) {
	summary := stats.Summarize(values)
	s.Outcome, s.Estimate = Inconclusive, summary.Mean
	if !summary.CI95.Defined() {
		return
	}
	s.Low, s.High = summary.Mean-summary.CI95, summary.Mean+summary.CI95
	if summary.N < MinSeeds {
		return
	}
	below, above := float64(s.High) < s.Bound, float64(s.Low) > s.Bound
	if s.Side == Above {
		below, above = above, below
	}
	switch {
	case below:
		s.Outcome = Supported
	case above && !s.lacksRoom():
		s.Outcome = Contradicted
	}
}

// lacksRoom reports whether there was too little to lose or to gain, see the
// constant Room.
func (s *Statistic) lacksRoom() bool { return s.Room.Defined() && s.Room < Room }

// Format formats a number with the unit's name.
func (u Unit) Format(x float64) string { return u.format(x) + u.name() }

// text returns the estimate as a clause, such as "the change of mean ASR by CutMix
// is -71.2 points (95 % CI -75.0 to -67.4)".
func (s *Statistic) text() string {
	text := fmt.Sprintf("the %s is %s%s", s.Name, s.Unit.format(float64(s.Estimate)), s.Unit.name())
	if s.Low.Defined() {
		text += fmt.Sprintf(" (95 %% CI %s to %s)", s.Unit.format(float64(s.Low)), s.Unit.format(float64(s.High)))
	}
	return text
}

// supports returns the condition for support, such as "below -5.0".
func (s *Statistic) supports() string {
	return fmt.Sprintf("%s %s", s.Side, s.Unit.format(s.Bound))
}

// Verdict is the judgement of a claim by measurements.
type Verdict struct {
	Claim   string  `json:"claim"` // C1 to C8
	Title   string  `json:"title"` // Claim.Title
	Says    string  `json:"says"`  // Claim.Says
	Outcome Outcome `json:"outcome"`
	// Reading repeats Measurements.Reading.
	Reading string `json:"reading"`
	// Seeds lists the seeds from which the statistics are computed. Models is the
	// number of trained models behind their games.
	Seeds  []uint64 `json:"seeds"`
	Models int      `json:"models"`
	// Statistics holds each of the claim's statements: on ASR and on lift if it is
	// about the ASR, otherwise on standard accuracy.
	Statistics []Statistic `json:"statistics"`
	// Missing lists the missing measurements. If it is not empty, the outcome is
	// Inconclusive.
	Missing []string `json:"missing"`
	// Excluded lists the games and seeds that are left out because a model
	// collapsed.
	Excluded []string `json:"excluded"`
	// Sentence states the verdict and its reason in one sentence.
	Sentence string `json:"sentence"`
}

// decide sets the outcome and the sentence from the statistics.
func (v *Verdict) decide() {
	byASR, byLift := v.conjunction(Lift), v.conjunction(ASR)
	v.Outcome = Inconclusive
	because := ""
	switch {
	case len(v.Missing) > 0:
		because = "missing: " + strings.Join(v.Missing, "; ")
	case len(v.Seeds) < MinSeeds:
		because = fmt.Sprintf("%s, and %d are needed", count(len(v.Seeds), "seed"), MinSeeds)
	case byASR.Outcome != byLift.Outcome:
		because = fmt.Sprintf("ASR and lift disagree: by ASR it is %s (%s), by lift %s (%s)", byASR.Outcome, byASR.text(), byLift.Outcome, byLift.text())
	case byASR.Outcome == Inconclusive && byASR.lacksRoom():
		because = fmt.Sprintf("%s, but only %s points could change", byASR.text(), Share.format(float64(byASR.Room)))
	case byASR.Outcome == Inconclusive:
		because = fmt.Sprintf("%s, which does not settle whether it is %s", byASR.text(), byASR.supports())
	default:
		v.Outcome = byASR.Outcome
		because = fmt.Sprintf("%s, where %s supports it", byASR.text(), byASR.supports())
		if byLift != byASR {
			because += ", and lift agrees"
		}
	}
	v.Sentence = fmt.Sprintf("That %s is %s on %s and %s: %s.", v.Says, v.Outcome, count(len(v.Seeds), "seed"), count(v.Models, "model"), because)
}

// conjunction returns the statistic that decides whether all statements hold,
// without those on one measure: the first contradicted one, else the first
// inconclusive one, else the first.
func (v *Verdict) conjunction(without Measure) *Statistic {
	var decides *Statistic
	rank := map[Outcome]int{Supported: 0, Inconclusive: 1, Contradicted: 2}
	for i := range v.Statistics {
		s := &v.Statistics[i]
		if s.Measure != without && (decides == nil || rank[s.Outcome] > rank[decides.Outcome]) {
			decides = s
		}
	}
	return decides
}

// count formats a number of things, such as "1 seed" or "3 seeds".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Text returns verdicts as text for the user: each with its sentence, its
// statistics and the games that are left out.
func Text(verdicts []Verdict) string {
	var text strings.Builder
	for _, v := range verdicts {
		fmt.Fprintf(&text, "%s %s: %s\n  %s\n", v.Claim, v.Title, strings.ToUpper(string(v.Outcome)), v.Sentence)
		if v.Reading != "" {
			fmt.Fprintf(&text, "  Reading: %s\n", v.Reading)
		}
		for _, s := range v.Statistics {
			if s.Estimate.Defined() {
				fmt.Fprintf(&text, "  - %s; %s supports: %s\n", strings.TrimPrefix(s.text(), "the "), s.supports(), s.Outcome)
			}
		}
		for _, excluded := range v.Excluded {
			fmt.Fprintf(&text, "  Excluded: %s\n", excluded)
		}
	}
	return text.String()
}
