package features

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Principal holds the directions in which a sample varies most.
type Principal struct {
	// Mean is the sample's mean, d values.
	Mean *mat.VecDense
	// Directions holds orthogonal unit vectors as columns, d x k. The coordinate
	// of largest absolute value of each (the first such) is positive.
	Directions *mat.Dense
	// Variances holds the variance along each direction, with n - 1 in the
	// denominator, in descending order and above 0.
	Variances []float64
}

// zeroVariance is the share of the largest variance below which a variance counts
// as zero: the rounding of a sum over the sample.
const zeroVariance = 1e-12

// PrincipalComponents returns the first k principal components of a sample, or
// fewer if it varies in fewer directions. The error wraps ErrConstant if all
// vectors are equal, and ErrSample if the eigenvalues do not converge.
//
// The components are computed from the eigenvectors of the smaller of covariance
// (d x d) and Gram matrix (n x n), which have the same nonzero eigenvalues
// (Jolliffe, "Principal Component Analysis", 2002, section 3.5).
func PrincipalComponents(x *mat.Dense, k int) (*Principal, error) {
	n, d := x.Dims()
	p := &Principal{Mean: mat.NewVecDense(d, nil)}
	centred := mat.NewDense(n, d, nil)
	column := make([]float64, n)
	for j := range d {
		p.Mean.SetVec(j, stat.Mean(mat.Col(column, j, x), nil))
	}
	for i := range n {
		for j, v := range x.RawRowView(i) {
			centred.Set(i, j, v-p.Mean.AtVec(j))
		}
	}

	product := mat.NewSymDense(min(n, d), nil)
	if n < d {
		product.SymOuterK(1, centred)
	} else {
		product.SymOuterK(1, centred.T())
	}
	values, vectors, ok := leading(product, k)
	if !ok {
		return nil, fmt.Errorf("features: principal components: %w: the eigenvalues of %d vectors do not converge", ErrSample, n)
	}

	p.Directions = mat.NewDense(d, len(values), nil)
	for i, value := range values {
		if !(value > zeroVariance*values[0]) || !(value > 0) {
			break
		}
		direction := vectors.ColView(i)
		if n < d {
			var back mat.VecDense
			back.MulVec(centred.T(), direction)
			back.ScaleVec(1/math.Sqrt(value), &back)
			direction = &back
		}
		p.Directions.SetCol(i, orient(direction))
		p.Variances = append(p.Variances, value/float64(n-1))
	}
	if len(p.Variances) == 0 {
		return nil, fmt.Errorf("features: principal components: %d vectors: %w", n, ErrConstant)
	}
	p.Directions = mat.DenseCopyOf(p.Directions.Slice(0, d, 0, len(p.Variances)))
	return p, nil
}

// orient returns the values of a direction, with the sign that makes the
// coordinate of largest absolute value positive.
func orient(direction mat.Vector) []float64 {
	values := mat.Col(nil, 0, direction)
	largest := 0.0
	for _, v := range values {
		if math.Abs(v) > math.Abs(largest) {
			largest = v
		}
	}
	if largest < 0 {
		for i := range values {
			values[i] = -values[i]
		}
	}
	return values
}

// Project returns the coordinates of each vector of a sample along the
// directions, from the mean: n x k.
func (p *Principal) Project(x *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	centred := mat.NewDense(n, d, nil)
	for i := range n {
		row := centred.RawRowView(i)
		for j, v := range x.RawRowView(i) {
			row[j] = v - p.Mean.AtVec(j)
		}
	}
	var projected mat.Dense
	projected.Mul(centred, p.Directions)
	return &projected
}

// Whiten returns the coordinates of Project, each divided by the standard
// deviation along its direction.
func (p *Principal) Whiten(x *mat.Dense) *mat.Dense {
	white := p.Project(x)
	white.Apply(func(_, j int, v float64) float64 { return v / math.Sqrt(p.Variances[j]) }, white)
	return white
}
