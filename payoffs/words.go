package payoffs

import (
	"fmt"
	"strings"

	"backfire/equilibrium"
	"backfire/stats"
)

// InPoints returns an estimate with its interval in points.
func InPoints(e equilibrium.Estimate) string {
	if !e.Interval.Low.Defined() || !e.Interval.High.Defined() {
		return stats.Points(e.Value)
	}
	return fmt.Sprintf("%s [%s, %s]", stats.Points(e.Value), stats.Points(e.Interval.Low), stats.Points(e.Interval.High))
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
