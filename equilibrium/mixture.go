package equilibrium

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// Mixture holds the probability of each strategy. All players of a symmetric game that
// play it draw their strategies independently.
type Mixture []float64

// PureMixture returns the mixture that always plays one of a number of strategies.
func PureMixture(strategies, strategy int) Mixture {
	m := make(Mixture, strategies)
	m[strategy] = 1
	return m
}

// Check returns an error unless the mixture has the game's strategies, probabilities in
// [0, 1] and a sum of 1 within 1e-9.
func (g *Game) Check(m Mixture) error {
	if len(m) != g.Strategies() {
		return fmt.Errorf("equilibrium: a mixture of %d strategies in a game of %d", len(m), g.Strategies())
	}
	for s, p := range m {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("equilibrium: the probability of strategy %d is %v: must be 0 to 1", s, p)
		}
	}
	if sum := floats.Sum(m); math.Abs(sum-1) > 1e-9 {
		return fmt.Errorf("equilibrium: the probabilities of a mixture sum to %v: must be 1", sum)
	}
	return nil
}

// Deviations returns the expected payoff of each strategy for one player while all
// others play the mixture.
func (g *Game) Deviations(m Mixture) []float64 {
	expected := make([]float64, g.Strategies())
	for _, o := range g.opponents {
		chance := o.orders
		for s, count := range o.profile {
			if count > 0 {
				chance *= math.Pow(m[s], float64(count))
			}
		}
		if chance > 0 {
			floats.AddScaled(expected, chance, o.payoffs)
		}
	}
	return expected
}

// MixturePayoff returns the expected payoff of a player where all play the mixture.
func (g *Game) MixturePayoff(m Mixture) float64 { return floats.Dot(m, g.Deviations(m)) }

// MixtureRegret returns the most that one player would gain by another strategy while
// all others play the mixture; 0 or more. A mixture without regret is a symmetric
// equilibrium, and every symmetric game has one (Nash, "Non-Cooperative Games", Annals
// of Mathematics 54, 1951).
func (g *Game) MixtureRegret(m Mixture) float64 {
	deviations := g.Deviations(m)
	return max(0, floats.Max(deviations)-floats.Dot(m, deviations))
}

// gainGradient returns, for each strategy, the derivative of its expected payoff by the
// probability of every strategy of the opponents: rows are own strategies. The derivatives
// are of the polynomial, without the condition that probabilities sum to 1.
func (g *Game) gainGradient(m Mixture) [][]float64 {
	gradient := make([][]float64, g.Strategies())
	for s := range gradient {
		gradient[s] = make([]float64, g.Strategies())
	}
	for _, o := range g.opponents {
		for by, count := range o.profile {
			if count == 0 {
				continue
			}
			slope := o.orders * float64(count)
			for s, n := range o.profile {
				if s == by {
					n--
				}
				if n > 0 {
					slope *= math.Pow(m[s], float64(n))
				}
			}
			for s, payoff := range o.payoffs {
				gradient[s][by] += slope * payoff
			}
		}
	}
	return gradient
}
