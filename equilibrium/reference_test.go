package equilibrium_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/equilibrium"
)

// reference holds a game and its answers from Gambit and SciPy, as written by
// scripts/reference/symmetric_games.py.
type reference struct {
	Name                string
	Players, Strategies int
	Payoffs             [][]*float64
	Pure                []equilibrium.Profile
	Symmetric           []equilibrium.Mixture
	Complete            bool
	Mixtures            []struct {
		Mixture equilibrium.Mixture
		Payoffs []float64
		Regret  float64
	}
	Undominated, Strict []int
	Correlated          [2]float64
}

// game returns the game of a reference.
func (r reference) game(t *testing.T) *equilibrium.Game {
	profiles := equilibrium.Profiles(r.Players, r.Strategies)
	require.Len(t, r.Payoffs, len(profiles))
	at := map[string]int{}
	names := []string{"a", "b", "c", "d", "e"}
	for i, p := range profiles {
		at[p.Describe(names)] = i
	}
	g, err := equilibrium.NewGame(r.Players, r.Strategies, func(p equilibrium.Profile, s int) float64 {
		return *r.Payoffs[at[p.Describe(names)]][s]
	})
	require.NoError(t, err)
	return g
}

func TestAgreesWithGambit(t *testing.T) {
	data, err := os.ReadFile("testdata/games.json")
	require.NoError(t, err)
	var games []reference
	require.NoError(t, json.Unmarshal(data, &games))
	require.Len(t, games, 37)
	for _, r := range games {
		t.Run(r.Name, func(t *testing.T) {
			g := r.game(t)
			require.ElementsMatch(t, r.Pure, g.Pure(0))
			found := mixtures(g.Symmetric().Equilibria)
			if r.Complete {
				requireMixtures(t, r.Symmetric, found, 1e-3)
			}
			for _, m := range r.Symmetric {
				requireMixture(t, m, found, 1e-3)
			}
			for _, m := range r.Mixtures {
				require.InDeltaSlice(t, m.Payoffs, g.Deviations(m.Mixture), 1e-9)
				require.InDelta(t, m.Regret, g.MixtureRegret(m.Mixture), 1e-9)
			}
			e, err := g.Eliminate()
			require.NoError(t, err)
			require.Equal(t, r.Strict, e.Survivors)
			require.Subset(t, r.Undominated, e.Survivors, "mixtures dominate more")
			best, worst, err := g.Correlated()
			require.NoError(t, err)
			require.InDelta(t, r.Correlated[0], worst.Welfare, 1e-4)
			require.InDelta(t, r.Correlated[1], best.Welfare, 1e-4)
		})
	}
}
