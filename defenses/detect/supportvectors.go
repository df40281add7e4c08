package detect

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// separator is a linear classifier: its last value is the intercept.
type separator []float64

const (
	// separatorSweeps bounds the passes of coordinate descent, which end at a
	// violation of separatorPrecision.
	separatorSweeps    = 300
	separatorPrecision = 1e-6
)

// supportVectors returns the linear support vector machine that distinguishes weighted
// vectors from others, which have weight 1: the w that minimises |w|^2/2 + C sum_i
// weight_i max(0, 1 - y_i w'x_i). It descends along one dual coordinate after another
// (Hsieh et al., "A Dual Coordinate Descent Method for Large-scale Linear SVM", ICML
// 2008). Each vector has a last value 1, so that the intercept is part of w.
func supportVectors(own *mat.Dense, weights []float64, others *mat.Dense, cost float64) separator {
	n, d := own.Dims()
	m, _ := others.Dims()
	w, dual := make(separator, d+1), make([]float64, n+m)
	for range separatorSweeps {
		worst := 0.0
		for i := range dual {
			x, sign, limit := others, -1.0, cost
			row := i - n
			if i < n {
				x, sign, limit, row = own, 1, cost*weights[i], i
			}
			vector := x.RawRowView(row)
			slope := sign*w.value(vector) - 1
			next := math.Max(0, math.Min(limit, dual[i]-slope/(floats.Dot(vector, vector)+1)))
			if change := next - dual[i]; change != 0 {
				floats.AddScaled(w[:d], sign*change, vector)
				w[d] += sign * change
				dual[i] = next
				worst = math.Max(worst, math.Abs(change))
			}
		}
		if worst < separatorPrecision {
			break
		}
	}
	return w
}

// value returns w'x.
func (w separator) value(vector []float64) float64 {
	d := len(vector)
	return floats.Dot(w[:d], vector) + w[d]
}

// hinge returns the mean hinge loss of a sample as vectors of the first class.
func (w separator) hinge(x *mat.Dense) float64 {
	n, _ := x.Dims()
	sum := 0.0
	for i := range n {
		sum += math.Max(0, 1-w.value(x.RawRowView(i)))
	}
	return sum / float64(n)
}
