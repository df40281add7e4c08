package equilibrium_test

import (
	"math/rand/v2"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/equilibrium"
)

// matrix returns the game of two players with the payoffs of the one that chooses a row.
func matrix(t require.TestingT, rows ...[]float64) *equilibrium.Game {
	g, err := equilibrium.NewGame(2, len(rows), func(p equilibrium.Profile, s int) float64 {
		other := s
		for o, count := range p {
			if o != s && count > 0 {
				other = o
			}
		}
		return rows[s][other]
	})
	require.NoError(t, err)
	return g
}

func prisoners(t require.TestingT) *equilibrium.Game {
	return matrix(t, []float64{3, 0}, []float64{5, 1})
}

func stagHunt(t require.TestingT) *equilibrium.Game {
	return matrix(t, []float64{4, 0}, []float64{3, 2})
}

func chicken(t require.TestingT) *equilibrium.Game {
	return matrix(t, []float64{6, 2}, []float64{7, 0})
}

func rockPaperScissors(t require.TestingT) *equilibrium.Game {
	return matrix(t, []float64{0, -1, 1}, []float64{1, 0, -1}, []float64{-1, 1, 0})
}

// random returns a game of independent uniform payoffs.
func random(t require.TestingT, players, strategies int, rng *rand.Rand) *equilibrium.Game {
	g, err := equilibrium.NewGame(players, strategies, func(equilibrium.Profile, int) float64 { return rng.Float64() })
	require.NoError(t, err)
	return g
}

// drawGame draws a game of whole or fractional payoffs, so that ties are frequent.
func drawGame(t *rapid.T) *equilibrium.Game {
	players := rapid.IntRange(2, 4).Draw(t, "players")
	strategies := rapid.IntRange(2, 4).Draw(t, "strategies")
	payoff := rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 3), func(x int) float64 { return float64(x) }), rapid.Float64Range(-1, 1))
	g, err := equilibrium.NewGame(players, strategies, func(equilibrium.Profile, int) float64 { return payoff.Draw(t, "payoff") })
	require.NoError(t, err)
	return g
}

// mixtures returns the mixtures of equilibria.
func mixtures(all []equilibrium.Equilibrium) []equilibrium.Mixture {
	list := make([]equilibrium.Mixture, len(all))
	for i, e := range all {
		list[i] = e.Mixture
	}
	return list
}

// requireMixtures requires the same mixtures in any order.
func requireMixtures(t require.TestingT, want, got []equilibrium.Mixture, tolerance float64) {
	require.Len(t, got, len(want), "%v, not %v", got, want)
	for _, m := range want {
		requireMixture(t, m, got, tolerance)
	}
}

// requireMixture requires that a mixture is one of a list.
func requireMixture(t require.TestingT, m equilibrium.Mixture, list []equilibrium.Mixture, tolerance float64) {
	for _, other := range list {
		near := true
		for s := range m {
			near = near && m[s] <= other[s]+tolerance && m[s] >= other[s]-tolerance
		}
		if near {
			return
		}
	}
	require.Failf(t, "missing", "%v is none of %v", m, list)
}

// seeded returns a generator for fixed random games of a test.
func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
