package features

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Kernel is the radial basis function k(x, y) = exp(-|x-y|^2 / (2 Bandwidth^2)).
type Kernel struct {
	// Bandwidth is above 0.
	Bandwidth float64
}

// MedianKernel returns the kernel whose bandwidth is the median distance between
// two vectors of the sample (the heuristic of Gretton et al., "A Kernel
// Two-Sample Test", JMLR 2012, section 8). If the number of pairs is even, it is
// the mean of the two middle distances. The bandwidth is 1 for a sample without a
// scale: one whose median distance is 0, or a single vector.
func MedianKernel(x *mat.Dense) Kernel {
	n, _ := x.Dims()
	squares := make([]float64, 0, n*(n-1)/2)
	eachSquare(x, x, func(i, j int, square float64) {
		if j > i {
			squares = append(squares, square)
		}
	})
	if len(squares) == 0 {
		return Kernel{Bandwidth: 1}
	}
	sort.Float64s(squares)
	upper := math.Sqrt(squares[len(squares)/2])
	median := (upper + math.Sqrt(squares[(len(squares)-1)/2])) / 2
	if median == 0 {
		median = 1
	}
	return Kernel{Bandwidth: median}
}

// blockSize is the number of vectors whose distances to all others are computed at
// once: one matrix product of 256 x 512 x n, and n rows of 2 kB.
const blockSize = 256

// eachSquare calls visit with the squared distance between the vectors i of x and
// j of y, for all pairs in row order. It computes it as |x|^2 + |y|^2 - 2 xy.
func eachSquare(x, y *mat.Dense, visit func(i, j int, square float64)) {
	n, d := x.Dims()
	m, _ := y.Dims()
	lengths := make([]float64, m)
	for j := range lengths {
		lengths[j] = floats.Dot(y.RawRowView(j), y.RawRowView(j))
	}
	for start := 0; start < n; start += blockSize {
		end := min(start+blockSize, n)
		var products mat.Dense
		products.Mul(x.Slice(start, end, 0, d), y.T())
		for i := start; i < end; i++ {
			length := floats.Dot(x.RawRowView(i), x.RawRowView(i))
			for j, product := range products.RawRowView(i - start) {
				visit(i, j, max(0, length+lengths[j]-2*product))
			}
		}
	}
}

// Between returns the mean of k over all pairs of a vector of x and one of y.
func (k Kernel) Between(x, y *mat.Dense) float64 {
	n, _ := x.Dims()
	m, _ := y.Dims()
	sum := 0.0
	eachSquare(x, y, func(_, _ int, square float64) { sum += k.value(square) })
	return sum / (float64(n) * float64(m))
}

// Within returns the mean of k over all pairs of different vectors of x, the
// unbiased estimate of its mean for two independent draws. For a single vector,
// which represents a point mass, it is k(x, x) = 1.
func (k Kernel) Within(x *mat.Dense) float64 {
	n, _ := x.Dims()
	if n == 1 {
		return 1
	}
	sum := 0.0
	eachSquare(x, x, func(i, j int, square float64) {
		if i != j {
			sum += k.value(square)
		}
	})
	return sum / (float64(n) * float64(n-1))
}

// value returns k at a squared distance.
func (k Kernel) value(square float64) float64 {
	return math.Exp(-square / (2 * k.Bandwidth * k.Bandwidth))
}

// MMD2 returns the unbiased estimate of the squared maximum mean discrepancy
// between the distributions from which x and y are drawn: Within(x) + Within(y) -
// 2 Between(x, y), MMD_u^2 of Gretton et al. 2012, lemma 6 (equation 3). It may be
// negative. A sample of a single vector counts as a point mass.
func (k Kernel) MMD2(x, y *mat.Dense) float64 {
	return k.Within(x) + k.Within(y) - 2*k.Between(x, y)
}
