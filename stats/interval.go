package stats

import (
	"errors"
	"fmt"
	"math"
)

// ErrSample is wrapped by every refusal of a sample, a range or a level.
var ErrSample = errors.New("bad sample")

// Range holds the smallest and the largest value that a quantity can have. An
// infinite limit stands for none.
type Range struct{ Low, High float64 }

// unbounded is the range of a quantity without limits.
var unbounded = Range{math.Inf(-1), math.Inf(1)}

// Interval is a confidence interval of a mean, in the unit of its sample. A limit
// that the sample does not give is infinite.
type Interval struct {
	Low  Number `json:"low"`
	High Number `json:"high"`
}

// Contains reports whether x is in the interval, limits included.
func (i Interval) Contains(x float64) bool { return float64(i.Low) <= x && x <= float64(i.High) }

// Method computes a confidence interval of the mean from independent values of one
// distribution. The level is the nominal probability, in (0, 1), that the interval
// contains the mean. The error wraps ErrSample.
type Method interface {
	Interval(values []float64, level float64) (Interval, error)
}

// checkSample refuses values that are undefined or outside a range, and a level
// outside (0, 1). The name of the method begins the error.
func checkSample(method string, values []float64, within Range, level float64) error {
	if !(within.Low < within.High) {
		return fmt.Errorf("stats: %s: %w: range %v to %v: must ascend", method, ErrSample, within.Low, within.High)
	}
	for _, x := range values {
		if !Number(x).Defined() || x < within.Low || x > within.High {
			return fmt.Errorf("stats: %s: %w: value %v: must be from %v to %v", method, ErrSample, x, within.Low, within.High)
		}
	}
	if !(level > 0 && level < 1) {
		return fmt.Errorf("stats: %s: %w: level %v: must be between 0 and 1", method, ErrSample, level)
	}
	return nil
}

// negated returns the values with the opposite sign.
func negated(values []float64) []float64 {
	opposite := make([]float64, len(values))
	for i, x := range values {
		opposite[i] = -x
	}
	return opposite
}

// bisect returns the point between low and high at which holds turns from true to
// false. It must hold at low and not at high.
func bisect(low, high float64, holds func(x float64) bool) float64 {
	const halvings = 44 // to 1e-13 of the range
	for range halvings {
		middle := low + (high-low)/2
		if holds(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}
