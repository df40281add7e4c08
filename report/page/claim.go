package page

import (
	"strings"

	"backfire/claims"
)

// ClaimGroup holds the claims below one heading.
type ClaimGroup struct {
	Head   string
	Claims []Claim
}

// Claim is a verdict in the form that the page shows.
type Claim struct {
	claims.Verdict
	Statistics []Statistic
}

// Statistic is a line of a verdict.
type Statistic struct {
	Name, Measure, Estimate, Interval, Conditions, Outcome string
}

// newClaim returns a verdict with its statistics as text.
func newClaim(v claims.Verdict) Claim {
	c := Claim{Verdict: v}
	for _, s := range v.Statistics {
		if !s.Estimate.Defined() {
			continue
		}
		name := s.Name
		if s.Beside {
			name = "beside the verdict: " + name
		}
		line := Statistic{
			Name: name, Measure: string(s.Measure), Estimate: s.Format(s.Estimate), Outcome: string(s.Outcome),
			Conditions: s.Conditions(),
		}
		if s.Low.Defined() && s.High.Defined() {
			line.Interval = s.Format(s.Low) + " to " + s.Format(s.High)
		}
		c.Statistics = append(c.Statistics, line)
	}
	return c
}

// class returns the class of the style sheet for an outcome, a single word.
func class(outcome claims.Outcome) string { return strings.ReplaceAll(string(outcome), " ", "-") }

// badge returns the sign of an outcome, for readers who do not see its colour.
func badge(outcome claims.Outcome) string {
	return map[claims.Outcome]string{claims.Supported: "✓", claims.Opposite: "✕", claims.NoEffect: "="}[outcome]
}
