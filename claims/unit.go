package claims

import (
	"fmt"
	"strings"

	"backfire/stats"
)

// Side is the side of a bound.
type Side string

// The sides.
const (
	Below Side = "below"
	Above Side = "above"
)

// other returns the other side.
func (s Side) other() Side {
	if s == Below {
		return Above
	}
	return Below
}

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

// Format formats a number with the unit's name.
func (u Unit) Format(x float64) string { return u.format(x) + u.name() }

// opposite returns the bound beyond which, on the other side, the opposite of a
// statement is shown: the mirror image of the bound of a change or a correlation,
// and the same bound for a share.
func (u Unit) opposite(bound float64) float64 {
	if u == Share {
		return bound
	}
	return -bound
}

// within returns the range of values in the unit, computed from ASRs in [0, 1].
func (u Unit) within() stats.Range {
	if u == Share {
		return stats.Range{Low: 0, High: 1}
	}
	return stats.Range{Low: -1, High: 1}
}

// signed formats// signed formats x with a sign and the given number of decimals, and zero without a
// sign.
func signed(x float64, decimals int) string {
	text := fmt.Sprintf("%+.*f", decimals, x)
	if strings.Trim(text, "+-0.") == "" {
		return text[1:]
	}
	return text
}
