// Package interval reads ranges of numbers in the notation of mathematics.
package interval

import (
	"math"
	"strconv"
	"strings"
)

// Interval is a range of numbers. The zero value allows every number.
type Interval struct {
	Low, High         float64 // infinite where unbounded
	OpenLow, OpenHigh bool    // the bound itself is not allowed
	bounded           bool
}

// Parse reads the notation of mathematics: "[0,1]", "(0,1)", "[2,)". Any other text
// gives an interval that allows every number.
func Parse(text string) Interval {
	if len(text) < 3 {
		return Interval{}
	}
	low, high, ok := strings.Cut(text[1:len(text)-1], ",")
	if !ok {
		return Interval{}
	}
	interval := Interval{
		Low: math.Inf(-1), High: math.Inf(1),
		OpenLow: text[0] == '(', OpenHigh: text[len(text)-1] == ')',
		bounded: true,
	}
	if value, err := strconv.ParseFloat(low, 64); err == nil {
		interval.Low = value
	}
	if value, err := strconv.ParseFloat(high, 64); err == nil {
		interval.High = value
	}
	return interval
}

// Bounded reports whether the interval leaves any number out.
func (i Interval) Bounded() bool { return i.bounded }

// Contains reports whether a number is allowed. NaN never is.
func (i Interval) Contains(value float64) bool {
	if !i.bounded {
		return !math.IsNaN(value)
	}
	aboveLow := value > i.Low || value == i.Low && !i.OpenLow
	belowHigh := value < i.High || value == i.High && !i.OpenHigh
	return aboveLow && belowHigh
}

// String returns the interval in words: "from 0 to 1", "at least 2"; empty if every
// number is allowed.
func (i Interval) String() string {
	if !i.bounded {
		return ""
	}
	var parts []string
	switch {
	case math.IsInf(i.Low, -1):
	case i.OpenLow:
		parts = append(parts, "above "+number(i.Low))
	case math.IsInf(i.High, 1) || i.OpenHigh:
		parts = append(parts, "at least "+number(i.Low))
	default:
		parts = append(parts, "from "+number(i.Low))
	}
	switch {
	case math.IsInf(i.High, 1):
	case i.OpenHigh:
		parts = append(parts, "below "+number(i.High))
	case math.IsInf(i.Low, -1) || i.OpenLow:
		parts = append(parts, "at most "+number(i.High))
	default:
		parts = append(parts, "to "+number(i.High))
	}
	if i.OpenLow || i.OpenHigh {
		return strings.Join(parts, " and ")
	}
	return strings.Join(parts, " ")
}

// number returns the shortest text from which the number can be read back exactly.
func number(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
