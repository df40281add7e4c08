package equilibrium

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/convex/lp"
)

// Correlated is a correlated equilibrium: a mediator draws a profile, deals its strategies
// to the players at random and tells each its own, and no player gains by playing another
// (Aumann, "Subjectivity and Correlation in Randomized Strategies", Journal of
// Mathematical Economics 1, 1974).
type Correlated struct {
	// Profiles are those with a probability above 0, in the order of the game's profiles,
	// and Chances are the probabilities.
	Profiles []Profile `json:"profiles"`
	Chances  []float64 `json:"chances"`
	// Welfare is the expected payoff of a player.
	Welfare float64 `json:"welfare"`
	// Regret is the most that a player gains by disobeying, a rounding error.
	Regret float64 `json:"regret"`
}

// disobedience is the largest regret of a correlated equilibrium as a share of the span of
// the payoffs: what the simplex method leaves.
const disobedience = 1e-7

// Correlated returns the correlated equilibria with the largest and the smallest welfare.
// Those that treat all players alike suffice: the mean over the players' permutations of a
// correlated equilibrium is one of the same welfare. The error is one of the linear
// program.
func (g *Game) Correlated() (best, worst Correlated, err error) {
	if best, err = g.correlated(1); err == nil {
		worst, err = g.correlated(-1)
	}
	if err != nil {
		return Correlated{}, Correlated{}, fmt.Errorf("equilibrium: correlated equilibrium: %w", err)
	}
	return best, worst, nil
}

// correlated returns the correlated equilibrium with the largest welfare times a sign.
func (g *Game) correlated(sign float64) (Correlated, error) {
	var err error
	for slack := Precision; slack < disobedience; slack *= 3 {
		for penalty := 1e2; penalty <= 1e10; penalty *= 100 {
			var chances []float64
			if chances, err = g.obedient(sign, penalty, slack); err != nil {
				continue
			}
			c := g.newCorrelated(chances)
			if c.Regret <= disobedience*g.span {
				return c, nil
			}
			err = fmt.Errorf("linear program: a regret of %v is left", c.Regret)
		}
	}
	return Correlated{}, err
}

// obedient returns the probabilities of the profiles that maximize the welfare times a
// sign, less a penalty for each unit of regret, both as shares of the payoffs' span. The
// regret is a variable so that a single profile is where the simplex method starts, and
// a regret up to twice the slack is free.
func (g *Game) obedient(sign, penalty, slack float64) ([]float64, error) {
	gains := g.disobeying()
	n, rows := len(g.profiles), len(gains)
	// The columns are the profiles, the regret and a slack of each row.
	a, right := mat.NewDense(rows+1, n+1+rows, nil), make([]float64, rows+1)
	cost := make([]float64, n+1+rows)
	scale := g.span
	if scale == 0 {
		scale = 1
	}
	tightest := 0
	for r, gain := range gains {
		for i, x := range gain {
			a.Set(r, i, x/scale)
		}
		a.Set(r, n, -1)
		a.Set(r, n+1+r, 1)
		// Different right sides keep the method from standing still.
		right[r] = slack * (1 + float64(r)/float64(rows))
		if gain[0]/scale-right[r] > gains[tightest][0]/scale-right[tightest] {
			tightest = r
		}
	}
	base := g.welfare(0)
	for i := range g.profiles {
		a.Set(rows, i, 1)
		cost[i] = -sign * (g.welfare(i) - base) / scale
	}
	right[rows], cost[n] = 1, penalty
	basis := []int{0}
	for r := range rows {
		basis = append(basis, n+1+r)
	}
	if gains[tightest][0]/scale > right[tightest] {
		basis[1+tightest] = n
	}
	_, x, err := lp.Simplex(cost, a, right, 1e-10, basis)
	if err != nil {
		return nil, fmt.Errorf("linear program: %w", err)
	}
	return x[:n], nil
}

// disobeying returns, for each pair of strategies told and played, what a player gains in
// each profile by playing the second when told the first, times the chance to be told it.
func (g *Game) disobeying() [][]float64 {
	var rows [][]float64
	for told := range g.strategies {
		for played := range g.strategies {
			if told == played {
				continue
			}
			row := make([]float64, len(g.profiles))
			for i, p := range g.profiles {
				if o := g.left[i][told]; o >= 0 {
					row[i] = float64(p[told]) / float64(g.players) * (g.table[o][played] - g.table[o][told])
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// newCorrelated returns the equilibrium with probabilities of the profiles, without those
// that are rounding alone.
func (g *Game) newCorrelated(chances []float64) Correlated {
	var c Correlated
	sum := 0.0
	for i, x := range chances {
		if x < 1e-7 {
			chances[i] = 0
		}
		sum += chances[i]
	}
	for i, x := range chances {
		if x > 0 {
			chances[i] = x / sum
			c.Profiles, c.Chances = append(c.Profiles, g.profiles[i]), append(c.Chances, chances[i])
			c.Welfare += chances[i] * g.welfare(i)
		}
	}
	for _, row := range g.disobeying() {
		gain := 0.0
		for i, x := range row {
			gain += chances[i] * x
		}
		c.Regret = max(c.Regret, gain)
	}
	return c
}
