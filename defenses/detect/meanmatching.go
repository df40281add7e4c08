package detect

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
)

// matchingPrecision is the violation of the optimality conditions at which kernel mean
// matching ends, and matchingSteps bounds its steps.
const (
	matchingPrecision = 1e-9
	matchingSteps     = 10_000
)

// meanMatching returns the weights of kernel mean matching (Huang et al., "Correcting
// Sample Selection Bias by Unlabeled Data", NeurIPS 2006), those of x whose weighted
// mean is nearest to the mean of y in the kernel's space: the b that minimises
// b'Kb/2 - k'b with k_i = n/m sum_j k(x_i, y_j), 0 <= b_i <= mostWeight, and mean 1. A
// small ridge makes the solution unique.
func meanMatching(kernel features.Kernel, x, y *mat.Dense) []float64 {
	n, _ := x.Dims()
	m, _ := y.Dims()
	gram := kernel.Matrix(x, x)
	towards := make([]float64, n)
	between := kernel.Matrix(x, y)
	for i := range n {
		gram.Set(i, i, gram.At(i, i)+matchingPrior)
		towards[i] = mat.Sum(between.RowView(i)) * float64(n) / float64(m)
	}
	return boxProgram(gram, towards, mostWeight)
}

// matchingPrior is the ridge of kernel mean matching.
const matchingPrior = 1e-3

// boxProgram minimises b'Kb/2 - k'b over 0 <= b_i <= most with the sum n, from b = 1, by
// exact steps along the pair of weights that violates the optimality conditions most,
// as in sequential minimal optimisation. K is symmetric and positive definite.
func boxProgram(gram *mat.Dense, towards []float64, most float64) []float64 {
	n := len(towards)
	b, gradient := make([]float64, n), make([]float64, n)
	for i := range n {
		b[i] = 1
		gradient[i] = mat.Sum(gram.RowView(i)) - towards[i]
	}
	for range matchingSteps {
		up, down := -1, -1
		for i, slope := range gradient {
			if b[i] < most && (up < 0 || slope < gradient[up]) {
				up = i
			}
			if b[i] > 0 && (down < 0 || slope > gradient[down]) {
				down = i
			}
		}
		if up < 0 || down < 0 || gradient[down]-gradient[up] < matchingPrecision {
			break
		}
		curvature := gram.At(up, up) + gram.At(down, down) - 2*gram.At(up, down)
		step := math.Min((gradient[down]-gradient[up])/curvature, math.Min(most-b[up], b[down]))
		b[up] = math.Min(most, b[up]+step)
		b[down] = math.Max(0, b[down]-step)
		for i := range gradient {
			gradient[i] += step * (gram.At(i, up) - gram.At(i, down))
		}
	}
	return b
}
