package equilibrium

import (
	"math"
	"slices"
)

// searched returns the largest number of pieces into which a face of a number of
// strategies is divided, and the largest number of halvings. Only continua of equilibria
// need so many.
func searched(strategies int) (pieces, halvings int) {
	return 250 << (2 * (strategies - 3)), 12 * (strategies - 1)
}

// simplex searches the mixtures of three strategies or more. It divides their simplex
// until each piece is shown to have no equilibrium, or one that was found.
func (s *search) simplex(mask int, strategies []int) {
	f := newFace(s.Game, mask, strategies)
	if s.span == 0 { // all mixtures are equilibria
		s.add(mask, f.mixture(f.centre()), true)
		return
	}
	most, halvings := searched(len(strategies))
	pieces := []piece{f.whole(mask)}
	for depth := 0; len(pieces) > 0; depth++ {
		last := depth == halvings || len(pieces) > most
		var next []piece
		for _, p := range pieces {
			if f.excludes(p, s.tolerance) {
				continue
			}
			l := f.level(p)
			if l.separates(s.tolerance) {
				continue
			}
			if last || l.single(f) {
				if point, found := s.newton(f, p.at(l.guess)); last || found && p.contains(point) {
					continue
				}
			}
			left, right := f.split(p)
			next = append(next, left, right)
		}
		pieces = next
	}
}

// levelled holds linear combinations of the equations that the strategies of a support pay
// the same, one for each corner of a piece. If they were linear, each would grow by 1 from
// all other corners to its own, so that it tells the corner's weight in the equilibrium.
type levelled struct {
	// coefficients are the Bernstein coefficients of the combinations, by corner; none where
	// the equations are dependent.
	coefficients [][]float64
	// sizes are the sums of the absolute factors of each combination.
	sizes []float64
	// guess is where the equilibrium would be if the equations were linear, as weights of the
	// corners, moved inside; the centre where the equations are dependent.
	guess []float64
}

// level returns the combinations on a piece.
func (f *face) level(p piece) levelled {
	n := len(f.strategies)
	l := levelled{guess: f.centre()}
	// A column of the solution holds the factors of a corner's combination, and at last what
	// brings its value at all other corners to 0, which is the weight of the corner.
	matrix, factors, base := newSquare(n), newSquare(n), p.coefficients[f.strategies[0]]
	for at, o := range f.vertices {
		for i, s := range f.strategies[1:] {
			matrix[at][i] = (p.coefficients[s][o] - base[o]) / f.game.span
		}
		matrix[at][n-1], factors[at][at] = 1, 1
	}
	if solve(matrix, factors) < 1e-12 {
		return l
	}
	l.coefficients, l.sizes = make([][]float64, n), make([]float64, n)
	values := make([]float64, n*len(f.opponents))
	for corner := range n {
		c := values[corner*len(f.opponents) : (corner+1)*len(f.opponents)]
		for i, s := range f.strategies[1:] {
			factor := factors[i][corner] / f.game.span
			l.sizes[corner] += math.Abs(factor)
			for at, x := range p.coefficients[s] {
				c[at] += factor * (x - base[at])
			}
		}
		l.coefficients[corner] = c
	}
	sum := 0.0
	for corner := range n {
		l.guess[corner] = max(factors[n-1][corner], 0.02)
		sum += l.guess[corner]
	}
	for corner := range n {
		l.guess[corner] /= sum
	}
	return l
}

// centre returns the point with equal probabilities.
func (f *face) centre() []float64 {
	point := make([]float64, len(f.strategies))
	for i := range point {
		point[i] = 1 / float64(len(point))
	}
	return point
}

// separates reports whether a combination has coefficients of one sign, so that the piece
// has no equilibrium. This separates a piece also from an equilibrium just outside, which
// the equations one by one do not.
func (l levelled) separates(tolerance float64) bool {
	for corner, c := range l.coefficients {
		if slices.Min(c) > tolerance*l.sizes[corner] || slices.Max(c) < -tolerance*l.sizes[corner] {
			return true
		}
	}
	return false
}

// single reports whether the combinations show that the piece has at most one equilibrium:
// everywhere each grows more towards its own corner than it changes towards all others
// together, so that no two points have the same values.
func (l levelled) single(f *face) bool {
	if l.coefficients == nil {
		return false
	}
	n := len(f.strategies)
	for own := 1; own < n; own++ {
		c, margin := l.coefficients[own], math.Inf(1)
		for _, steps := range f.steps {
			margin = min(margin, c[steps[own]]-c[steps[0]])
		}
		for other := 1; other < n; other++ {
			if other == own {
				continue
			}
			change := 0.0
			for _, steps := range f.steps {
				change = max(change, math.Abs(c[steps[other]]-c[steps[0]]))
			}
			margin -= change
		}
		if margin <= 0 {
			return false
		}
	}
	return true
}

// at returns the point of a piece with weights of its corners.
func (p piece) at(weights []float64) []float64 {
	point := make([]float64, len(weights))
	for corner, w := range weights {
		for i, x := range p.corners[corner] {
			point[i] += w * x
		}
	}
	return point
}

// contains reports whether a point of the face lies in the piece, within rounding.
func (p piece) contains(point []float64) bool {
	n := len(point)
	matrix, weights := newSquare(n), make([][]float64, n)
	for i := range n {
		for corner := range n {
			matrix[i][corner] = p.corners[corner][i]
		}
		weights[i] = []float64{point[i]}
	}
	solve(matrix, weights)
	for _, w := range weights {
		if w[0] < -1e-9 {
			return false
		}
	}
	return true
}
