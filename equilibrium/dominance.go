package equilibrium

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/convex/lp"
)

// Dominance states that a strategy pays a player less than another choice, whatever the
// others do, or weakly: never more.
type Dominance struct {
	// Strategy is dominated by By, a strategy (then pure) or a mixture of several.
	Strategy int     `json:"strategy"`
	By       Mixture `json:"by"`
	// Margin is the least by which By pays more, over all choices of the others: above 0
	// if the dominance is strict, 0 if it is weak, that is, By pays as much against some
	// choices and more against others.
	Margin float64 `json:"margin"`
	Strict bool    `json:"strict"`
	// Round counts the rounds of an iterated elimination from 1; 0: of no elimination.
	Round int `json:"round,omitempty"`
}

// Dominated returns the strategies that are dominated in the whole game: strictly, by the
// strategy or, where none does, by the mixture that pays most more, or weakly by a
// strategy. The error is one of the linear program that finds the mixture.
func (g *Game) Dominated() ([]Dominance, error) {
	every := 1<<g.strategies - 1
	var found []Dominance
	for s := range g.strategies {
		d, dominated, err := g.dominating(s, every, true)
		if err != nil {
			return nil, err
		}
		if !dominated {
			d, dominated = g.weaklyDominating(s)
		}
		if dominated {
			found = append(found, d)
		}
	}
	return found, nil
}

// Elimination is the result of the iterated elimination of strictly dominated strategies.
type Elimination struct {
	// Survivors are the strategies that are left, ascending. Every equilibrium plays these
	// alone, and they do not depend on the order of elimination.
	Survivors []int `json:"survivors"`
	// Eliminated holds the others in the order of elimination.
	Eliminated []Dominance `json:"eliminated"`
}

// Eliminate eliminates strictly dominated strategies in rounds, until no strategy that is
// left is strictly dominated by a strategy or a mixture of those left.
func (g *Game) Eliminate() (Elimination, error) { return g.eliminate(true) }

// eliminate eliminates as Eliminate does, with mixtures or by strategies alone, which
// needs no linear program and has no error.
func (g *Game) eliminate(mixtures bool) (Elimination, error) {
	var e Elimination
	left := 1<<g.strategies - 1
	for round := 1; ; round++ {
		out := 0
		for _, s := range members(left) {
			d, dominated, err := g.dominating(s, left, mixtures)
			if err != nil {
				return e, err
			}
			if dominated {
				d.Round = round
				e.Eliminated = append(e.Eliminated, d)
				out |= 1 << s
			}
		}
		if out == 0 {
			e.Survivors = members(left)
			return e, nil
		}
		left &^= out
	}
}

// dominating returns what strictly dominates a strategy in the game of the strategies that
// are left: the strategy with the largest margin or, where none has one and mixtures are
// asked for, the mixture with the largest margin.
func (g *Game) dominating(s, left int, mixtures bool) (Dominance, bool, error) {
	best := Dominance{Strategy: s, Strict: true, Margin: Precision * g.span}
	others := members(left &^ (1 << s))
	for _, other := range others {
		margin := math.Inf(1)
		for _, o := range g.faces[left] {
			margin = min(margin, g.table[o][other]-g.table[o][s])
		}
		if margin > best.Margin {
			best.By, best.Margin = PureMixture(g.strategies, other), margin
		}
	}
	if best.By != nil || !mixtures || len(others) < 2 || g.span == 0 {
		return best, best.By != nil, nil
	}
	by, margin, err := g.dominatingMixture(s, left, others)
	if err != nil {
		return best, false, err
	}
	if margin <= best.Margin {
		return best, false, nil
	}
	best.By, best.Margin = by, margin
	return best, true, nil
}

// weaklyDominating returns the first strategy that weakly dominates another.
func (g *Game) weaklyDominating(s int) (Dominance, bool) {
	tolerance := Precision * g.span
	for other := range g.strategies {
		low, high := math.Inf(1), math.Inf(-1)
		for _, row := range g.table {
			low, high = min(low, row[other]-row[s]), max(high, row[other]-row[s])
		}
		if low >= -tolerance && high > tolerance {
			return Dominance{Strategy: s, By: PureMixture(g.strategies, other)}, true
		}
	}
	return Dominance{}, false
}

// dominatingMixture returns the mixture of other strategies whose margin over a strategy
// is largest in the game of the strategies that are left, and the margin. It is the value
// of a game of two players with opposite interests, of which the second chooses the
// opponents. Few opponents bind, so that the linear program begins with one and gets the
// worst of the others as long as it is worse than those it has.
func (g *Game) dominatingMixture(s, left int, others []int) (Mixture, float64, error) {
	face := g.faces[left]
	differences := func(o int) []float64 {
		row := make([]float64, len(others))
		for i, other := range others {
			row[i] = (g.table[o][other] - g.table[o][s]) / g.span
		}
		return row
	}
	binding, rows := []int{face[0]}, [][]float64{differences(face[0])}
	for {
		weights, value, err := bestReply(rows)
		if err != nil {
			return nil, 0, fmt.Errorf("equilibrium: dominance of strategy %d: %w", s, err)
		}
		worst, margin := -1, math.Inf(1)
		for _, o := range face {
			sum := 0.0
			for i, x := range differences(o) {
				sum += weights[i] * x
			}
			if sum < margin {
				worst, margin = o, sum
			}
		}
		if margin >= value-Precision/10 || slices.Contains(binding, worst) {
			by := make(Mixture, g.strategies)
			for i, other := range others {
				by[other] = weights[i]
			}
			return by, margin * g.span, nil
		}
		binding, rows = append(binding, worst), append(rows, differences(worst))
	}
}

// bestReply returns the weights of the columns of a matrix, with a sum of 1, whose smallest
// mean over the rows is largest, and this value. The entries are in [-1, 1].
//
// With all entries moved above 0, the weights are those of the least x >= 0 with a product
// of at least 1 in each row, divided by their sum (Dantzig, "A Proof of the Equivalence of
// the Programming Problem and the Game Problem", 1951). One column alone, large enough,
// is where the simplex method starts.
func bestReply(rows [][]float64) (weights []float64, value float64, err error) {
	const moved = 2
	n := len(rows[0])
	a := mat.NewDense(len(rows), n+len(rows), nil)
	cost, right := make([]float64, n+len(rows)), make([]float64, len(rows))
	tightest := 0
	for r, row := range rows {
		for c, x := range row {
			a.Set(r, c, x+moved)
		}
		a.Set(r, n+r, -1)
		right[r] = 1
		if row[0] < rows[tightest][0] {
			tightest = r
		}
	}
	basis := []int{0}
	for r := range rows {
		if r != tightest {
			basis = append(basis, n+r)
		}
	}
	for c := range n {
		cost[c] = 1
	}
	sum, x, err := lp.Simplex(cost, a, right, 1e-12, basis)
	if err != nil {
		return nil, 0, fmt.Errorf("linear program: %w", err)
	}
	weights = x[:n]
	for c := range weights {
		weights[c] = max(0, weights[c]) / sum
	}
	return weights, 1/sum - moved, nil
}
