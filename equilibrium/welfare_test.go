package equilibrium_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/equilibrium"
)

// anarchy returns the prices of a game over its pure and symmetric equilibria.
func anarchy(g *equilibrium.Game) equilibrium.Anarchy {
	return g.Anarchy(g.Pure(0), g.Symmetric().Equilibria)
}

func TestAnarchy(t *testing.T) {
	a := anarchy(prisoners(t))
	require.Equal(t, equilibrium.Profile{2, 0}, a.Best)
	require.InDelta(t, 3, a.Optimum, 1e-12)
	require.InDelta(t, 3, float64(a.PriceOfAnarchy), 1e-12)
	require.InDelta(t, 3, float64(a.PriceOfStability), 1e-12)
	require.InDelta(t, 2, float64(a.Loss), 1e-12)

	hunt := anarchy(stagHunt(t))
	require.InDelta(t, 4./2, float64(hunt.PriceOfAnarchy), 1e-9, "all hunt the hare")
	require.InDelta(t, 1, float64(hunt.PriceOfStability), 1e-12)
	require.InDelta(t, 0, float64(hunt.Toll), 1e-12)
}

func TestPricesOfAnarchyNeedWelfareAboveZero(t *testing.T) {
	for name, moved := range map[string]float64{"zero": 1, "negative": 4, "all negative": 10} {
		g, err := equilibrium.NewGame(2, 2, func(p equilibrium.Profile, s int) float64 {
			return prisoners(t).Payoff(p, s) - moved
		})
		require.NoError(t, err)
		a := anarchy(g)
		require.False(t, a.PriceOfAnarchy.Defined(), name)
		require.False(t, a.PriceOfStability.Defined(), name)
		require.InDelta(t, 2, float64(a.Loss), 1e-12, "the loss does not depend on the zero of payoffs")
	}
	none := rockPaperScissors(t).Anarchy(nil, nil)
	require.False(t, none.Worst.Defined())
	require.False(t, none.Loss.Defined())
}

func TestWelfare(t *testing.T) {
	g := chicken(t)
	require.InDelta(t, 4.5, g.Welfare(equilibrium.Profile{1, 1}), 1e-12)
	require.Equal(t, equilibrium.Profile{2, 0}, g.Best())
}
