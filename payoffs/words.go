package payoffs

import (
	"fmt"
	"strings"

	"backfire/equilibrium"
	"backfire/stats"
)

// Points returns a share in points with its sign, "-" if it is undefined.
func Points(x stats.Number) string {
	if !x.Defined() {
		return "-"
	}
	text := fmt.Sprintf("%+.1f", 100*float64(x))
	if strings.Trim(text, "+-0.") == "" {
		return "0.0"
	}
	return text
}

// InPoints returns an estimate with its interval in points.
func InPoints(e equilibrium.Estimate) string {
	if !e.Interval.Low.Defined() || !e.Interval.High.Defined() {
		return Points(e.Value)
	}
	return fmt.Sprintf("%s [%s, %s]", Points(e.Value), Points(e.Interval.Low), Points(e.Interval.High))
}

// MixtureText returns a mixture, such as "0.05 with 30 %, 0.9 with 70 %".
func (s *Spec) MixtureText(m equilibrium.Mixture) string {
	var parts []string
	for i, p := range m {
		switch {
		case p > 1-1e-9:
			return "all " + s.Strategies[i].Name
		case p > 1e-9:
			parts = append(parts, fmt.Sprintf("%s with %.0f %%", s.Strategies[i].Name, 100*p))
		}
	}
	return strings.Join(parts, ", ")
}
