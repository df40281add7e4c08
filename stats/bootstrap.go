package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"backfire/internal/streams"
)

// Bootstrap computes the bias-corrected and accelerated (BCa) interval of the mean
// from 499 resamples of a fixed stream (Efron, "Better Bootstrap Confidence
// Intervals", Journal of the American Statistical Association 82, 1987). It holds in
// large samples. With fewer than two values it has no limits, and for equal values no
// width.
type Bootstrap struct{}

// resamples is the number of resamples.
const resamples = 499

// Interval implements Method.
func (Bootstrap) Interval(values []float64, level float64) (Interval, error) {
	if err := checkSample("bootstrap", values, unbounded, level); err != nil {
		return Interval{}, err
	}
	switch {
	case len(values) < 2:
		return Interval{Number(math.Inf(-1)), Number(math.Inf(1))}, nil
	case slices.Min(values) == slices.Max(values):
		return Interval{Number(values[0]), Number(values[0])}, nil
	}
	means := resampledMeans(values)
	mean := stat.Mean(values, nil)
	// The share of the resampled means below the mean gives the correction of the
	// bias. Equal ones count half, as with values on few points.
	below := 0.0
	for _, m := range means {
		switch {
		case m < mean:
			below++
		case m == mean:
			below += 0.5
		}
	}
	normal := distuv.UnitNormal
	bias := normal.Quantile(min(max(below, 0.5), resamples-0.5) / resamples)
	square, cube := 0.0, 0.0
	for _, x := range values {
		square += (x - mean) * (x - mean)
		cube += (x - mean) * (x - mean) * (x - mean)
	}
	acceleration := cube / (6 * math.Pow(square, 1.5)) // that of the jackknife
	if !Number(acceleration).Defined() {
		acceleration = 0 // the squares are too small for a float64
	}
	at := func(p float64) Number {
		z := bias + normal.Quantile(p)
		return Number(stat.Quantile(normal.CDF(bias+z/(1-acceleration*z)), stat.Empirical, means, nil))
	}
	return Interval{at((1 - level) / 2), at(1 - (1-level)/2)}, nil
}

// resampledMeans returns the sorted means of resamples with replacement.
func resampledMeans(values []float64) []float64 {
	rng := streams.New(0, "bootstrap resamples", uint64(len(values)))
	means := make([]float64, resamples)
	resample := make([]float64, len(values))
	for i := range means {
		for j := range resample {
			resample[j] = values[rng.IntN(len(values))]
		}
		means[i] = floats.Sum(resample) / float64(len(values))
	}
	slices.Sort(means)
	return means
}
