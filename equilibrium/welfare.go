package equilibrium

import (
	"math"
	"slices"

	"backfire/stats"
)

// Welfare returns the mean payoff of the players of a profile, NaN for a profile that the
// game does not have.
func (g *Game) Welfare(p Profile) float64 {
	i, known := g.index[p.key()]
	if !known {
		return math.NaN()
	}
	return g.welfare(i)
}

// welfare returns the welfare of the profile with an index.
func (g *Game) welfare(i int) float64 {
	total := 0.0
	for s, o := range g.left[i] {
		if o >= 0 {
			total += float64(g.profiles[i][s]) * g.table[o][s]
		}
	}
	return total / float64(g.players)
}

// Best returns the profile with the largest welfare; of equal ones, the first.
func (g *Game) Best() Profile {
	best := 0
	for i := range g.profiles {
		if g.welfare(i) > g.welfare(best) {
			best = i
		}
	}
	return g.profiles[best]
}

// Anarchy compares the best welfare that the players could have with the welfare of their
// equilibria. Welfares are mean payoffs of a player.
type Anarchy struct {
	// Best has the largest welfare of all profiles, Optimum.
	Best    Profile `json:"best"`
	Optimum float64 `json:"optimum"`
	// Worst and Kindest are the smallest and the largest welfare of the equilibria;
	// undefined without any.
	Worst   stats.Number `json:"worst"`
	Kindest stats.Number `json:"kindest"`
	// Loss is Optimum - Worst, and Toll is Optimum - Kindest: what selfishness costs each
	// player at worst and at least. They have a meaning for payoffs of every sign.
	Loss stats.Number `json:"loss"`
	Toll stats.Number `json:"toll"`
	// PriceOfAnarchy is Optimum/Worst (Koutsoupias and Papadimitriou, "Worst-Case
	// Equilibria", STACS 1999) and PriceOfStability is Optimum/Kindest (Anshelevich et al.,
	// "The Price of Stability for Network Design with Fair Cost Allocation", FOCS 2004).
	// They are undefined where the welfare of the equilibrium is not above 0, since a ratio
	// of other numbers means nothing.
	PriceOfAnarchy   stats.Number `json:"price_of_anarchy"`
	PriceOfStability stats.Number `json:"price_of_stability"`
}

// Anarchy compares the optimum with equilibria: pure profiles, and mixtures that all
// players play.
func (g *Game) Anarchy(pure []Profile, mixed []Equilibrium) Anarchy {
	a := Anarchy{
		Best: g.Best(), Worst: stats.Undefined(), Kindest: stats.Undefined(), Loss: stats.Undefined(), Toll: stats.Undefined(),
		PriceOfAnarchy: stats.Undefined(), PriceOfStability: stats.Undefined(),
	}
	a.Optimum = g.Welfare(a.Best)
	var welfares []float64
	for _, p := range pure {
		welfares = append(welfares, g.Welfare(p))
	}
	for _, e := range mixed {
		welfares = append(welfares, e.Payoff)
	}
	if len(welfares) == 0 {
		return a
	}
	worst, kindest := slices.Min(welfares), slices.Max(welfares)
	a.Worst, a.Kindest = stats.Number(worst), stats.Number(kindest)
	a.Loss, a.Toll = stats.Number(a.Optimum-worst), stats.Number(a.Optimum-kindest)
	if zero := Precision * g.span; a.Optimum > zero {
		if worst > zero {
			a.PriceOfAnarchy = stats.Number(a.Optimum / worst)
		}
		if kindest > zero {
			a.PriceOfStability = stats.Number(a.Optimum / kindest)
		}
	}
	return a
}
