package stats

import (
	"fmt"
	"math"
	"slices"
)

// Betting tests and estimates a mean by betting against it: a gambler begins with a
// wealth of 1 and bets on each value in turn that it lies above m. No bet gains in
// the mean if the mean is at most m, so the wealth exceeds 1/a at any time with a
// probability of at most a (Ville 1939), and 1/wealth is a p-value. The interval
// consists of the means against which neither the gambler who bets on values above
// nor the one who bets on values below reaches 2/(1-level) (Waudby-Smith and Ramdas,
// "Estimating Means of Bounded Random Variables by Betting", Journal of the Royal
// Statistical Society B 86, 2024).
//
// The interval holds at every number of values, and so does the sequence of
// intervals at every stop: values may be added after a look at the result. The wealth
// is spread evenly over bets of four fixed sizes, so it does not depend on the order
// of the values.
//
// The zero value is unusable; see Bounded and Symmetric.
type Betting struct {
	within Range
	sizes  []float64
	pay    func(size, x, m float64) float64 // the factor of the wealth, decreasing in m
}

// Bounded returns the betting for values in a finite range, of any distribution. A
// bet of size f in (0, 1] multiplies the wealth by 1-f+f(x-low)/(m-low), as the
// hedged capital process of Waudby-Smith and Ramdas does.
func Bounded(within Range) Betting {
	return Betting{
		within: within,
		sizes:  []float64{0.5, 0.75, 0.9, 1},
		pay: func(f, x, m float64) float64 {
			if m <= within.Low { // the mean is at most low only if every value is
				if x > m {
					return math.Inf(1)
				}
				return 1
			}
			return 1 - f + f*(x-within.Low)/(m-within.Low)
		},
	}
}

// Symmetric returns the betting for values that lie symmetrically about their mean,
// in any range. A bet of size f multiplies the wealth by 1+tanh(f(x-m)/unit), which
// has the mean 1 if the values lie symmetrically about m. The unit is the size of the
// differences to be told apart; the interval holds whatever it is. Fewer than six
// values have no limits at a level of 95 %.
func Symmetric(unit float64) Betting {
	return Betting{
		within: unbounded,
		sizes:  []float64{0.1, 0.3, 1, 3},
		pay:    func(f, x, m float64) float64 { return 1 + math.Tanh(f*(x-m)/unit) },
	}
}

// mirrored returns the betting for the negated values.
func (b Betting) mirrored() Betting {
	if !math.IsInf(b.within.Low, 0) {
		return Bounded(Range{-b.within.High, -b.within.Low})
	}
	return b // a symmetric one bets on negated values as on others
}

// Above returns the p-value, in [0, 1], of the null hypothesis that the mean is at
// most m. The error wraps ErrSample.
func (b Betting) Above(values []float64, m float64) (float64, error) {
	if err := checkSample("betting", values, b.within, confidence); err != nil {
		return 1, err
	}
	return 1 / max(1, b.wealth(values, m)), nil
}

// Below returns the p-value of the null hypothesis that the mean is at least m; see
// Above.
func (b Betting) Below(values []float64, m float64) (float64, error) {
	if err := checkSample("betting", values, b.within, confidence); err != nil {
		return 1, err
	}
	return b.mirrored().Above(negated(values), -m)
}

// wealth returns the wealth of the gambler who bets that the values lie above m.
func (b Betting) wealth(values []float64, m float64) float64 {
	sum := 0.0
	for _, f := range b.sizes {
		product, logarithm := 1.0, 0.0
		for _, x := range values {
			product *= b.pay(f, x, m)
			if product < 1e-150 || product > 1e150 { // before it leaves the range of a float64
				product, logarithm = 1, logarithm+math.Log(product)
			}
		}
		sum += math.Exp(logarithm + math.Log(product))
	}
	return sum / float64(len(b.sizes))
}

// Interval implements Method. The limits of a bounded one are within its range.
func (b Betting) Interval(values []float64, level float64) (Interval, error) {
	if err := checkSample("betting", values, b.within, level); err != nil {
		return Interval{}, err
	}
	return Interval{
		Low:  Number(b.lower(values, level)),
		High: Number(-b.mirrored().lower(negated(values), level)),
	}, nil
}

// lower returns the interval's lower limit.
func (b Betting) lower(values []float64, level float64) float64 {
	if len(values) == 0 {
		return b.within.Low
	}
	rejected := func(m float64) bool { return b.wealth(values, m) >= 2/(1-level) }
	low := b.within.Low
	if math.IsInf(low, 0) {
		// Every bet is won by nearly its full factor of 2 so far below the values.
		low = slices.Min(values)
		for step := 1.0; step < math.MaxFloat32 && !rejected(low); step *= 10 {
			low = slices.Min(values) - step*1e-6
		}
	}
	if !rejected(low) {
		return b.within.Low
	}
	return bisect(low, slices.Max(values), rejected)
}

// Needed returns the number of values with which the null hypothesis that the mean is
// at most m would be rejected at p <= a with the given probability, if the values
// came from the distribution of the sample: the smallest n at which the best size of
// bet has
//
//	n mean(g) - z(power) sqrt(n) std(g) >= log(4/a),
//
// where g is the logarithm of the wealth's factor and 4 the number of sizes. It is 0
// if the sample does not tell, as when its mean is below m. The error wraps ErrSample.
func (b Betting) Needed(values []float64, m, a, power float64) (int, error) {
	if err := checkSample("betting", values, b.within, power); err != nil {
		return 0, err
	}
	if !(a > 0 && a < 1) {
		return 0, fmt.Errorf("stats: betting: %w: a = %v: must be between 0 and 1", ErrSample, a)
	}
	fewest := 0
	for _, f := range b.sizes {
		n := 0
		if growth := Over(values, func(x float64) float64 { return math.Log(b.pay(f, x, m)) }); growth.Mean > 0 {
			n = crossing(growth, math.Log(float64(len(b.sizes))/a), power)
		}
		if n > 0 && (fewest == 0 || n < fewest) {
			fewest = n
		}
	}
	return fewest, nil
}

// NeededBelow returns the number of values that Needed does, for the null hypothesis
// that the mean is at least m.
func (b Betting) NeededBelow(values []float64, m, a, power float64) (int, error) {
	return b.mirrored().Needed(negated(values), -m, a, power)
}
