package equilibrium

import (
	"math"
	"slices"
)

const (
	// newtonSteps is enough also for a double root, where each step halves the error.
	newtonSteps = 60
	// flat is the size of a pivot, as a share of the largest slope that the payoffs allow,
	// below which the equations of an equilibrium do not determine it.
	flat = 1e-6
)

// newton runs Newton's method on the equations that the strategies of a face pay the same,
// from a point of its inside, adds the equilibrium that it finds and returns the point
// where it ended, and whether the equations hold there.
func (s *search) newton(f *face, point []float64) (end []float64, found bool) {
	n := len(point)
	payoffs, slopes := make([]float64, n), newSquare(n)
	matrix, step := newSquare(n-1), newSquare(n-1)
	for i := range step {
		step[i] = step[i][:1]
	}
	singular := false
	for range newtonSteps {
		f.payoffs(point, payoffs, slopes)
		for i := range n - 1 {
			step[i][0] = payoffs[0] - payoffs[i+1]
			for j := range n - 1 {
				matrix[i][j] = slopes[i+1][j+1] - slopes[0][j+1] - slopes[i+1][0] + slopes[0][0]
			}
		}
		pivot := solve(matrix, step)
		singular = pivot < flat*s.span*float64(s.players-1)
		if pivot == 0 {
			break
		}
		if advance(point, step) < 1e-15 {
			break
		}
	}
	f.payoffs(point, payoffs, slopes)
	if slices.Max(payoffs)-slices.Min(payoffs) > s.tolerance {
		return point, false
	}
	s.add(maskOf(f.strategies), f.mixture(point), singular)
	return point, true
}

// newSquare returns a square matrix of zeros.
func newSquare(n int) [][]float64 {
	values, rows := make([]float64, n*n), make([][]float64, n)
	for i := range rows {
		rows[i] = values[i*n : (i+1)*n]
	}
	return rows
}

// advance moves a point by a step of all its coordinates but the first, which keeps the
// sum, and returns the largest change. A step that would leave the simplex ends before.
func advance(point []float64, step [][]float64) float64 {
	first := 0.0
	for _, x := range step {
		first -= x[0]
	}
	length := 1.0
	shorten := func(x, by float64) {
		if x+by <= 0 {
			length = min(length, 0.9*x/-by)
		}
	}
	shorten(point[0], first)
	for i, by := range step {
		shorten(point[i+1], by[0])
	}
	point[0] += length * first
	moved := math.Abs(first)
	for i, by := range step {
		point[i+1] += length * by[0]
		moved = max(moved, math.Abs(by[0]))
	}
	return length * moved
}

// payoffs writes the expected payoff of each strategy of the face while all others play
// its mixture, and its derivatives by the probabilities of the mixture, without the
// condition that they sum to 1.
func (f *face) payoffs(point, payoffs []float64, slopes [][]float64) {
	clear(payoffs)
	for _, row := range slopes {
		clear(row)
	}
	face := f.game.faces[maskOf(f.strategies)]
	for at, o := range f.opponents {
		chance := f.orders[at]
		for i, count := range o {
			chance *= power(point[i], count)
		}
		for i, strategy := range f.strategies {
			paid := chance * f.game.table[face[at]][strategy]
			payoffs[i] += paid
			for j, count := range o {
				if count > 0 {
					slopes[i][j] += paid * float64(count) / point[j]
				}
			}
		}
	}
}

// solve replaces the right sides of linear equations, in columns, by their solutions, by
// elimination with partial pivoting, which destroys the matrix. It returns the smallest
// pivot; 0 if the matrix is singular, with no solutions.
func solve(matrix, right [][]float64) float64 {
	smallest := math.Inf(1)
	for c := range right {
		best := c
		for r := c + 1; r < len(right); r++ {
			if math.Abs(matrix[r][c]) > math.Abs(matrix[best][c]) {
				best = r
			}
		}
		pivot := matrix[best][c]
		smallest = min(smallest, math.Abs(pivot))
		if pivot == 0 {
			return 0
		}
		matrix[c], matrix[best] = matrix[best], matrix[c]
		right[c], right[best] = right[best], right[c]
		for r := c + 1; r < len(right); r++ {
			factor := matrix[r][c] / pivot
			subtract(matrix[r][c:], matrix[c][c:], factor)
			subtract(right[r], right[c], factor)
		}
	}
	for c := len(right) - 1; c >= 0; c-- {
		for k := c + 1; k < len(right); k++ {
			subtract(right[c], right[k], matrix[c][k])
		}
		for k := range right[c] {
			right[c][k] /= matrix[c][c]
		}
	}
	return smallest
}

// subtract subtracts a multiple of a row from another.
func subtract(from, row []float64, factor float64) {
	for i, x := range row {
		from[i] -= factor * x
	}
}
