// Package features measures samples of feature vectors: what the penultimate
// layer of a network makes of images. It has principal components, k-means,
// the kernel two-sample statistic MMD, Gaussian and histogram density
// estimates with their KL and Jensen-Shannon divergences.
//
// A sample is a matrix of one vector per row. Wherever something is estimated
// from a sample, equal samples give equal estimates on every run; what is random
// (the seeds of k-means, thinning) takes its generator from the caller.
package features

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
)

var (
	// ErrSample is wrapped where a sample cannot be measured.
	ErrSample = errors.New("bad sample")
	// ErrConstant is wrapped where a sample has no directions because all its
	// vectors are the same.
	ErrConstant = errors.New("all vectors are the same")
)

// New makes a sample of vectors of d values from their values one after another,
// as a network returns them. It refuses no vectors, a last vector cut short and
// values that are not finite; the error wraps ErrSample.
func New(values []float32, d int) (*mat.Dense, error) {
	if d < 1 || len(values) == 0 || len(values)%d != 0 {
		return nil, fmt.Errorf("features: %w: %d values are no vectors of %d", ErrSample, len(values), d)
	}
	wide := make([]float64, len(values))
	for i, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return nil, fmt.Errorf("features: %w: value %d of vector %d is %v", ErrSample, i%d, i/d, v)
		}
		wide[i] = float64(v)
	}
	return mat.NewDense(len(values)/d, d, wide), nil
}

// Rows returns the vectors of a sample at the given positions, at least one, as
// a sample of their own.
func Rows(x *mat.Dense, at []int) *mat.Dense {
	_, d := x.Dims()
	picked := mat.NewDense(len(at), d, nil)
	for i, row := range at {
		picked.SetRow(i, x.RawRowView(row))
	}
	return picked
}

// Stack returns the vectors of all samples, at least one, in order. Nil samples
// hold none.
func Stack(samples ...*mat.Dense) *mat.Dense {
	n, d := 0, 0
	for _, x := range samples {
		if x != nil {
			rows, columns := x.Dims()
			n, d = n+rows, columns
		}
	}
	all, at := mat.NewDense(n, d, nil), 0
	for _, x := range samples {
		if x != nil {
			rows, _ := x.Dims()
			all.Slice(at, at+rows, 0, d).(*mat.Dense).Copy(x)
			at += rows
		}
	}
	return all
}

// Thin returns at most limit of the positions at, drawn without replacement and
// in their order. It bounds the cost of what is quadratic in the sample.
func Thin(rng *rand.Rand, at []int, limit int) []int {
	if len(at) <= limit {
		return at
	}
	keep := rng.Perm(len(at))[:limit]
	slices.Sort(keep)
	for i, k := range keep {
		keep[i] = at[k]
	}
	return keep
}

// Spaced returns at most limit vectors of x, at equal distances in its order.
func Spaced(x *mat.Dense, limit int) *mat.Dense {
	n, _ := x.Dims()
	if n <= limit {
		return x
	}
	rows := make([]int, limit)
	for i := range rows {
		rows[i] = i * n / limit
	}
	return Rows(x, rows)
}
