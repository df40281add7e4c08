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

// Support returns the strategies with a probability above 0, ascending.
func (m Mixture) Support() []int {
	var support []int
	for s, p := range m {
		if p > 0 {
			support = append(support, s)
		}
	}
	return support
}

// Mean returns the expected value of an attribute of the strategies, such as a poison
// rate. It has a value for each strategy.
func (m Mixture) Mean(attribute []float64) float64 { return floats.Dot(m, attribute) }

// Check returns an error, which wraps ErrGame, unless the mixture has the game's
// strategies, probabilities in [0, 1] and a sum of 1 within 1e-9.
func (g *Game) Check(m Mixture) error {
	if len(m) != g.strategies {
		return fmt.Errorf("equilibrium: %w: a mixture of %d strategies in a game of %d", ErrGame, len(m), g.strategies)
	}
	for s, p := range m {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("equilibrium: %w: the probability of strategy %d is %v: must be 0 to 1", ErrGame, s, p)
		}
	}
	if sum := floats.Sum(m); math.Abs(sum-1) > 1e-9 {
		return fmt.Errorf("equilibrium: %w: the probabilities of a mixture sum to %v: must be 1", ErrGame, sum)
	}
	return nil
}

// Deviations returns the expected payoff of each strategy for one player while all
// others play the mixture, which must pass Check.
func (g *Game) Deviations(m Mixture) []float64 {
	expected := make([]float64, g.strategies)
	mask := maskOf(m.Support())
	for _, o := range g.faces[mask] {
		chance := g.orders[o]
		for s, count := range g.opponents[o] {
			chance *= power(m[s], count)
		}
		floats.AddScaled(expected, chance, g.table[o])
	}
	return expected
}

// power returns x to the power of n, 1 for n = 0.
func power(x float64, n int) float64 {
	result := 1.0
	for range n {
		result *= x
	}
	return result
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

// Flow returns the velocity of the replicator dynamics at a mixture: the probability of a
// strategy grows by itself times its advantage over the mean payoff (Taylor and Jonker,
// "Evolutionarily Stable Strategies and Game Dynamics", Mathematical Biosciences 40,
// 1978). The velocities sum to 0.
func (g *Game) Flow(m Mixture) []float64 {
	flow := g.Deviations(m)
	mean := floats.Dot(m, flow)
	for s := range flow {
		flow[s] = m[s] * (flow[s] - mean)
	}
	return flow
}
