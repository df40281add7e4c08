package equilibrium_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/equilibrium"
)

// In Aumann's example of chicken, the best mediator sends the players to (dare, yield),
// (yield, dare) and, half of the time, to (yield, yield), and each expects 5.25.
func TestCorrelatedEquilibriaOfChicken(t *testing.T) {
	best, worst, err := chicken(t).Correlated()
	require.NoError(t, err)
	require.InDelta(t, 5.25, best.Welfare, 1e-6)
	require.Equal(t, []equilibrium.Profile{{2, 0}, {1, 1}}, best.Profiles)
	require.InDeltaSlice(t, []float64{0.5, 0.5}, best.Chances, 1e-6)
	require.InDelta(t, 3.6, worst.Welfare, 1e-6)
	require.LessOrEqual(t, best.Regret, 1e-6)
}

func TestCorrelatedEquilibriumOfADilemma(t *testing.T) {
	best, worst, err := prisoners(t).Correlated()
	require.NoError(t, err)
	require.Equal(t, []equilibrium.Profile{{0, 2}}, best.Profiles)
	require.InDeltaSlice(t, []float64{1}, best.Chances, 1e-9)
	require.InDelta(t, worst.Welfare, best.Welfare, 1e-6)
}

// Every Nash equilibrium is a correlated one, so that none pays outside their limits.
func TestCorrelatedWelfareHoldsTheEquilibria(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGame(t)
		best, worst, err := g.Correlated()
		require.NoError(t, err)
		slack := 1e-6*g.Span() + 1e-9
		require.LessOrEqual(t, max(best.Regret, worst.Regret), slack)
		for _, e := range g.Symmetric().Equilibria {
			require.LessOrEqual(t, e.Payoff, best.Welfare+slack)
			require.GreaterOrEqual(t, e.Payoff, worst.Welfare-slack)
		}
		for _, p := range g.Pure(0) {
			require.LessOrEqual(t, g.Welfare(p), best.Welfare+slack)
			require.GreaterOrEqual(t, g.Welfare(p), worst.Welfare-slack)
		}
	})
}
