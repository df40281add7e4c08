package equilibrium_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/equilibrium"
)

func TestDominated(t *testing.T) {
	found, err := prisoners(t).Dominated()
	require.NoError(t, err)
	require.Equal(t, []equilibrium.Dominance{{Strategy: 0, By: equilibrium.Mixture{0, 1}, Margin: 1, Strict: true}}, found)

	weak, err := matrix(t, []float64{1, 1}, []float64{1, 0}).Dominated()
	require.NoError(t, err)
	require.Equal(t, []equilibrium.Dominance{{Strategy: 1, By: equilibrium.Mixture{1, 0}}}, weak)

	none, err := chicken(t).Dominated()
	require.NoError(t, err)
	require.Empty(t, none)
	none, err = matrix(t, []float64{1, 1}, []float64{1, 1}).Dominated()
	require.NoError(t, err)
	require.Empty(t, none, "equal strategies do not dominate each other")
}

func TestDominatedByAMixtureAlone(t *testing.T) {
	g := matrix(t, []float64{4, 0, 0}, []float64{0, 4, 0}, []float64{1, 1, -1})
	found, err := g.Dominated()
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, 2, found[0].Strategy)
	require.True(t, found[0].Strict)
	require.InDeltaSlice(t, []float64{0.5, 0.5, 0}, found[0].By, 1e-9)
	require.InDelta(t, 1, found[0].Margin, 1e-9)
}

func TestEliminationInRounds(t *testing.T) {
	// The third strategy pays least. Without it the second dominates the first.
	g := matrix(t, []float64{2, 1, 9}, []float64{3, 2, 0}, []float64{0, 0, -1})
	e, err := g.Eliminate()
	require.NoError(t, err)
	require.Equal(t, []int{1}, e.Survivors)
	require.Len(t, e.Eliminated, 2)
	require.Equal(t, 2, e.Eliminated[0].Strategy)
	require.Equal(t, 1, e.Eliminated[0].Round)
	require.Equal(t, 0, e.Eliminated[1].Strategy)
	require.Equal(t, 2, e.Eliminated[1].Round)
	require.Equal(t, equilibrium.Dominant, g.Kind())
}

func TestEquilibriaPlaySurvivors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGame(t)
		e, err := g.Eliminate()
		require.NoError(t, err)
		require.Len(t, e.Eliminated, g.Strategies()-len(e.Survivors))
		require.NotEmpty(t, e.Survivors)
		for _, found := range g.Symmetric().Equilibria {
			require.Subset(t, e.Survivors, found.Support)
		}
		for _, p := range g.Pure(0) {
			require.Subset(t, e.Survivors, p.Support())
		}
	})
}

func TestDominanceHoldsAgainstAllOpponents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGame(t)
		found, err := g.Dominated()
		require.NoError(t, err)
		for _, d := range found {
			least := 1e300
			for _, others := range equilibrium.Profiles(g.Players()-1, g.Strategies()) {
				gain := -g.Payoff(others.Joined(d.Strategy), d.Strategy)
				for s, weight := range d.By {
					if weight > 0 {
						gain += weight * g.Payoff(others.Joined(s), s)
					}
				}
				least = min(least, gain)
			}
			require.InDelta(t, d.Margin, least, 1e-8)
		}
	})
}
