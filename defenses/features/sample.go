// Package features computes statistics of samples of feature vectors, the output
// of a network's penultimate layer for images: principal components, k-means, the
// kernel two-sample statistic MMD, and Gaussian and histogram density estimates
// with their Kullback-Leibler and Jensen-Shannon divergences.
//
// A sample is a matrix of one vector per row. Equal samples give equal estimates
// on every run. The random functions (KMeans, Thin) take their generator from the
// caller.
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
	// ErrSample is wrapped if a sample does not allow the computation.
	ErrSample = errors.New("bad sample")
	// ErrConstant is wrapped if a sample has no principal components because all
	// its vectors are equal.
	ErrConstant = errors.New("all vectors are the same")
)

// New returns the sample of the vectors of d values each that values holds one
// after another, as a network returns them. It returns an error that wraps
// ErrSample if there are no vectors, if the last one is incomplete, or if a value
// is not finite.
func New(values []float32, d int) (*mat.Dense, error) {
	if d < 1 || len(values) == 0 || len(values)%d != 0 {
		return nil, fmt.Errorf("features: %w: %d values cannot be divided into vectors of %d", ErrSample, len(values), d)
	}
	converted := make([]float64, len(values))
	for i, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return nil, fmt.Errorf("features: %w: value %d of vector %d is %v", ErrSample, i%d, i/d, v)
		}
		converted[i] = float64(v)
	}
	return mat.NewDense(len(values)/d, d, converted), nil
}

// Rows returns the vectors of a sample at the given positions, at least one, as a
// new sample.
func Rows(x *mat.Dense, at []int) *mat.Dense {
	_, d := x.Dims()
	picked := mat.NewDense(len(at), d, nil)
	for i, row := range at {
		picked.SetRow(i, x.RawRowView(row))
	}
	return picked
}

// Stack returns the vectors of all samples, at least one, in order. It skips nil
// samples.
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

// Thin returns at most limit of the positions in at, drawn without replacement, in
// their order. It bounds the cost of computations quadratic in the sample.
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

// Spaced returns at most limit vectors of x, evenly spaced in its order.
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
