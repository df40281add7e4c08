package stats

import (
	"math"
	"slices"

	"backfire/internal/streams"
)

// SignFlip computes the interval of all means that the sign-flip test does not
// reject: a randomisation test of the null hypothesis that the values lie
// symmetrically about m, by the sum of values minus m. It assumes symmetry, not a
// normal distribution. Its limits are order statistics of the means of all subsets
// of the values (Hartigan, "Using Subsample Values as Typical Values", Journal of the
// American Statistical Association 64, 1969). Fewer than six values have no limits
// at a level of 95 %, because the smallest two-sided p-value is 2/2^n.
//
// With more than 10 values it uses 1023 subsets from a fixed stream, which leaves the
// test exact.
type SignFlip struct{}

// signFlipValues is the largest number of values whose subsets are all enumerated.
const signFlipValues = 10

// Interval implements Method.
func (SignFlip) Interval(values []float64, level float64) (Interval, error) {
	if err := checkSample("sign-flip", values, unbounded, level); err != nil {
		return Interval{}, err
	}
	means := subsetMeans(values)
	slices.Sort(means)
	// The identity belongs to the flips, hence the 1. A two-sided test has half of
	// the error on each side.
	rejected := int((1 - level) / 2 * float64(len(means)+1))
	if rejected == 0 {
		return Interval{Number(math.Inf(-1)), Number(math.Inf(1))}, nil
	}
	return Interval{Number(means[rejected-1]), Number(means[len(means)-rejected])}, nil
}

// subsetMeans returns the means of all non-empty subsets, or of random ones.
func subsetMeans(values []float64) []float64 {
	subsets := 1<<min(len(values), signFlipValues) - 1
	means := make([]float64, subsets)
	rng := streams.New(0, "sign-flip subsets", uint64(len(values)))
	for i := range means {
		sum, n := 0.0, 0
		for n == 0 {
			chosen := uint64(i + 1)
			for j, x := range values {
				if len(values) > signFlipValues && j%64 == 0 {
					chosen = rng.Uint64()
				}
				if chosen>>(j%64)&1 == 1 {
					sum, n = sum+x, n+1
				}
			}
		}
		means[i] = sum / float64(n)
	}
	return means
}
