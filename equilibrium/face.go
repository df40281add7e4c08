package equilibrium

import (
	"math"
	"slices"
)

// face is the simplex of the mixtures of some strategies, at least three.
type face struct {
	game       *Game
	strategies []int
	opponents  []Profile // of the face, by its strategies
	orders     []float64
	vertices   []int     // the opponents that all choose one strategy, by the strategy
	steps      [][]int   // by opponents less one and strategy: the opponents with one more
	rows       [][][]int // those of edgeRows, up to FullSupports strategies
}

// newFace returns the face of a bit mask, whose strategies are given.
func newFace(g *Game, mask int, strategies []int) *face {
	f := &face{game: g, strategies: strategies, vertices: make([]int, len(strategies))}
	for _, o := range g.faces[mask] {
		p := make(Profile, len(strategies))
		for i, s := range strategies {
			p[i] = g.opponents[o][s]
		}
		if i := slices.Index(p, g.players-1); i >= 0 {
			f.vertices[i] = len(f.opponents)
		}
		f.opponents, f.orders = append(f.opponents, p), append(f.orders, g.orders[o])
	}
	if len(strategies) < len(g.rows) {
		f.rows, f.steps = g.rows[len(strategies)], g.steps[len(strategies)]
	}
	return f
}

// edgeRows returns, for each pair of corners i < j of a simplex, the rows of opponents that
// differ only in how many choose i and how many j, from the first to the second.
func edgeRows(opponents []Profile, corners int) [][][]int {
	index := map[string]int{}
	for at, p := range opponents {
		index[p.key()] = at
	}
	var all [][][]int
	for i := range corners {
		for j := i + 1; j < corners; j++ {
			var rows [][]int
			for at, p := range opponents {
				if p[j] > 0 || p[i] == 0 {
					continue
				}
				row := []int{at}
				for next := p; next[i] > 0; {
					next = next.Moved(i, j)
					row = append(row, index[next.key()])
				}
				rows = append(rows, row)
			}
			all = append(all, rows)
		}
	}
	return all
}

// joinSteps returns, for each profile with one player less, the profiles that one more
// player makes of it, by the player's strategy.
func joinSteps(opponents []Profile, corners int) [][]int {
	index := map[string]int{}
	for at, p := range opponents {
		index[p.key()] = at
	}
	var all [][]int
	for _, fewer := range Profiles(opponents[0].Players()-1, corners) {
		steps := make([]int, corners)
		for s := range steps {
			steps[s] = index[fewer.Joined(s).key()]
		}
		all = append(all, steps)
	}
	return all
}

// edgeAt returns the place of a pair of corners i < j in the result of edgeRows.
func edgeAt(i, j, corners int) int { return i*(2*corners-i-1)/2 + j - i - 1 }

// piece is a part of a face, again a simplex: its corners, and of each strategy of the
// game the Bernstein coefficients of its payoff, by the opponents of the face.
type piece struct {
	corners      [][]float64
	coefficients [][]float64
}

// whole returns the face as a piece.
func (f *face) whole(mask int) piece {
	var p piece
	for i := range f.strategies {
		corner := make([]float64, len(f.strategies))
		corner[i] = 1
		p.corners = append(p.corners, corner)
	}
	for s := range f.game.strategies {
		c := make([]float64, len(f.opponents))
		for at, o := range f.game.faces[mask] {
			c[at] = f.game.table[o][s]
		}
		p.coefficients = append(p.coefficients, c)
	}
	return p
}

// excludes reports whether some strategy pays more than one of the support on all of the
// piece, so that it has no equilibrium: a polynomial lies between its smallest and its
// largest Bernstein coefficient.
func (f *face) excludes(p piece, tolerance float64) bool {
	for _, played := range f.strategies {
		base := p.coefficients[played]
	others:
		for s, c := range p.coefficients {
			if s == played {
				continue
			}
			for at, x := range c {
				if x-base[at] <= tolerance {
					continue others
				}
			}
			return true
		}
	}
	return false
}

// split returns the two halves of a piece, cut in the middle of its longest edge.
func (f *face) split(p piece) (left, right piece) {
	first, second, longest := 0, 1, -1.0
	for i := range p.corners {
		for j := i + 1; j < len(p.corners); j++ {
			if length := squaredDistance(p.corners[i], p.corners[j]); length > longest*(1+1e-9) {
				first, second, longest = i, j, length
			}
		}
	}
	middle := make([]float64, len(p.corners))
	for i := range middle {
		middle[i] = (p.corners[first][i] + p.corners[second][i]) / 2
	}
	left.corners, right.corners = slices.Clone(p.corners), slices.Clone(p.corners)
	left.corners[second], right.corners[first] = middle, middle
	rows := f.rows[edgeAt(first, second, len(p.corners))]
	size := len(f.opponents)
	values := make([]float64, 2*size*len(p.coefficients))
	for s, c := range p.coefficients {
		at := 2 * s * size
		low, high := values[at:at+size:at+size], values[at+size:at+2*size:at+2*size]
		copy(low, c)
		copy(high, c)
		for _, row := range rows {
			halveRow(low, high, row)
		}
		left.coefficients, right.coefficients = append(left.coefficients, low), append(right.coefficients, high)
	}
	return left, right
}

// squaredDistance returns the square of the distance of two points.
func squaredDistance(a, b []float64) float64 {
	sum := 0.0
	for i, x := range a {
		sum += (x - b[i]) * (x - b[i])
	}
	return sum
}

// halveRow replaces the coefficients of a row, the same in low and high, by those of the
// half towards the row's start in low and of the other half in high, by de Casteljau's
// algorithm.
func halveRow(low, high []float64, row []int) {
	for i := range row {
		low[row[i]] = high[row[0]]
		for j := range len(row) - 1 - i {
			high[row[j]] = (high[row[j]] + high[row[j+1]]) / 2
		}
	}
}

// restrict returns the probabilities of the face's strategies in a mixture, scaled to a
// sum of 1.
func (f *face) restrict(m Mixture) []float64 {
	point, sum := make([]float64, len(f.strategies)), 0.0
	for i, s := range f.strategies {
		point[i] = m[s]
		sum += m[s]
	}
	for i := range point {
		point[i] /= sum
	}
	return point
}

// mixture returns a point of the face as a mixture of the game's strategies whose sum is 1
// up to rounding.
func (f *face) mixture(point []float64) Mixture {
	m, sum := make(Mixture, f.game.strategies), 0.0
	for _, x := range point {
		sum += x
	}
	for i, s := range f.strategies {
		m[s] = math.Max(0, point[i]/sum)
	}
	return m
}
