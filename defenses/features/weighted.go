package features

import (
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Matrix returns the values of k for all pairs of a vector of x and one of y.
func (k Kernel) Matrix(x, y *mat.Dense) *mat.Dense {
	n, _ := x.Dims()
	m, _ := y.Dims()
	values := mat.NewDense(n, m, nil)
	eachSquare(x, y, func(i, j int, square float64) { values.Set(i, j, k.value(square)) })
	return values
}

// WeightedMMD2 returns the estimate of MMD2 in which the vectors of x have weights of
// at least 0, not all 0. Equal weights give MMD2.
func (k Kernel) WeightedMMD2(x *mat.Dense, weights []float64, y *mat.Dense) float64 {
	n, _ := x.Dims()
	m, _ := y.Dims()
	within, pairs := 0.0, 0.0
	eachSquare(x, x, func(i, j int, square float64) {
		if i != j {
			within += weights[i] * weights[j] * k.value(square)
			pairs += weights[i] * weights[j]
		}
	})
	if n == 1 || pairs == 0 { // all weight is on one vector, a point mass
		within, pairs = 1, 1
	}
	between := 0.0
	eachSquare(x, y, func(i, _ int, square float64) { between += weights[i] * k.value(square) })
	return within/pairs + k.Within(y) - 2*between/(floats.Sum(weights)*float64(m))
}
