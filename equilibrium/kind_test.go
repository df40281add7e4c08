package equilibrium_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/equilibrium"
)

func TestKindsInASentence(t *testing.T) {
	for _, tc := range []struct {
		game *equilibrium.Game
		kind equilibrium.Kind
		want string
	}{
		{
			prisoners(t), equilibrium.Dilemma,
			"The game is a dilemma: high pays a player best whatever the others choose, and there each gets 1, but 3 if all chose low.",
		},
		{
			stagHunt(t), equilibrium.Coordination,
			"The game is one of coordination: it is an equilibrium that all choose low (4 each) or high (2 each).",
		},
		{
			chicken(t), equilibrium.AntiCoordination,
			"The game is one of anti-coordination: wherever all choose alike some player gains by another choice, and the equilibria in pure strategies are (1 × low, 1 × high).",
		},
		{
			rockPaperScissors(t), equilibrium.Cyclic,
			"The game is cyclic: it has no equilibrium in pure strategies, and best responses go in circles.",
		},
		{
			matrix(t, []float64{3, 1}, []float64{2, 0}), equilibrium.Dominant,
			"The game is one of dominance: low pays a player best whatever the others choose, and no other choice of all pays more than its 3.",
		},
		{
			matrix(t, []float64{1, 1}, []float64{1, 0}), equilibrium.Dominant,
			"The game is one of dominance: low pays a player best whatever the others choose, and no other choice of all pays more than its 1.",
		},
		{
			matrix(t, []float64{1, 2}, []float64{1, 2}), equilibrium.Neutral,
			"The game is neutral: a player's own choice never changes its payoff.",
		},
		{
			matrix(t, []float64{2, 1, 9}, []float64{3, 4, 0}, []float64{0, 0, -1}), equilibrium.Dominant,
			"The game is one of dominance: high is left when dominated strategies are eliminated in turn, and no other choice of all pays more than its 4.",
		},
		{
			matrix(t, []float64{2, 1, 9}, []float64{3, 1.5, 0}, []float64{0, 0, -1}), equilibrium.Dilemma,
			"The game is a dilemma: high is left when dominated strategies are eliminated in turn, and there each gets 1.5, but 2 if all chose low.",
		},
		{
			matrix(t, []float64{2, 0, 0}, []float64{1, 0, 1}, []float64{1, 1, 0}), equilibrium.Mixed,
			"The game is mixed: its equilibria in pure strategies are (2 × low), (1 × high, 1 × most).",
		},
		{
			matrix(t, []float64{4, 0, 2}, []float64{0, 1, 1}, []float64{0, 2, 0}), equilibrium.Single,
			"The game has a single equilibrium in pure strategies: all choose low, and no other choice of all pays more than its 4.",
		},
		{
			matrix(t, []float64{1, 0, 2}, []float64{0.5, 3, 0}, []float64{0.5, 4, 0}), equilibrium.Dilemma,
			"The game is a dilemma: that all choose low is the only equilibrium in pure strategies, and there each gets 1, but 3 if all chose high.",
		},
	} {
		require.Equal(t, tc.kind, tc.game.Kind(), tc.want)
		got := tc.game.Sentence([]string{"low", "high", "most"}, func(x float64) string { return fmt.Sprintf("%g", x) })
		require.Equal(t, tc.want, got)
	}
}

// The public goods game of N players is a dilemma at every size for which a share of the
// common good is worth less than it costs.
func TestPublicGoods(t *testing.T) {
	for players := 2; players <= 6; players++ {
		g, err := equilibrium.NewGame(players, 3, func(p equilibrium.Profile, s int) float64 {
			given := float64(p[1] + 2*p[2]) // strategy s gives s
			return 1.6*given/float64(players) - float64(s)
		})
		require.NoError(t, err)
		require.Equal(t, equilibrium.Dilemma, g.Kind())
		e, err := g.Eliminate()
		require.NoError(t, err)
		require.Equal(t, []int{0}, e.Survivors)
	}
}

func TestSentencesNameAFewProfiles(t *testing.T) {
	// A crowd: a strategy pays less the more players choose it.
	g, err := equilibrium.NewGame(4, 3, func(p equilibrium.Profile, s int) float64 { return -float64(p[s]) })
	require.NoError(t, err)
	require.Equal(t, equilibrium.AntiCoordination, g.Kind())
	same, err := equilibrium.NewGame(6, 4, func(p equilibrium.Profile, s int) float64 {
		if p[s] == 6 {
			return -1
		}
		return 0
	})
	require.NoError(t, err)
	require.Contains(t, same.Sentence([]string{"a", "b", "c", "d"}, nil), " more.")
}
