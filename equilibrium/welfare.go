package equilibrium

import (
	"math"
)

// Welfare returns the mean payoff of the players of a profile.
func (g *Game) Welfare(p Profile) float64 {
	total := 0.0
	for _, s := range p.Support() {
		total += float64(p[s]) * g.Payoff(p, s)
	}
	return total / float64(g.players)
}

// Best returns the profile with the largest welfare; of equal ones, the first.
func (g *Game) Best() Profile {
	best := g.profiles[0]
	for _, p := range g.profiles[1:] {
		if g.Welfare(p) > g.Welfare(best) {
			best = p
		}
	}
	return best
}

// Anarchy compares the best welfare that the players could have with the welfare of
// their worst equilibrium.
type Anarchy struct {
	// Optimum and Worst are the two welfares, mean payoffs of a player.
	Optimum, Worst float64
	// Loss is Optimum - Worst.
	Loss float64
	// Price is Optimum/Worst, the price of anarchy (Koutsoupias and Papadimitriou,
	// "Worst-Case Equilibria", STACS 1999); NaN unless both are above 0, where the ratio
	// means nothing.
	Price float64
}

// Anarchy returns the price of anarchy over the given equilibria, pure profiles and
// mixtures that all players play. Without any, Worst, Loss and Price are NaN.
func (g *Game) Anarchy(profiles []Profile, mixtures []Mixture) Anarchy {
	a := Anarchy{Optimum: g.Welfare(g.Best()), Worst: math.Inf(1), Price: math.NaN()}
	for _, p := range profiles {
		a.Worst = min(a.Worst, g.Welfare(p))
	}
	for _, m := range mixtures {
		a.Worst = min(a.Worst, g.MixturePayoff(m))
	}
	if math.IsInf(a.Worst, 1) {
		a.Worst = math.NaN()
	}
	a.Loss = a.Optimum - a.Worst
	if a.Worst > 0 && a.Optimum > 0 {
		a.Price = a.Optimum / a.Worst
	}
	return a
}
