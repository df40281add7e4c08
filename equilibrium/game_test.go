package equilibrium_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/equilibrium"
)

func TestBadGamesAreRefused(t *testing.T) {
	one := func(equilibrium.Profile, int) float64 { return 1 }
	for _, tc := range []struct {
		players, strategies int
		payoff              func(equilibrium.Profile, int) float64
		want                string
	}{
		{1, 2, one, "number of players 1: must be at least 2"},
		{2, 1, one, "number of strategies 1: must be 2 to 8"},
		{2, 9, one, "number of strategies 9: must be 2 to 8"},
		{20, 8, one, "20 players with 8 strategies have 888030 profiles: must be at most 5000"},
		{2, 3, func(p equilibrium.Profile, _ int) float64 {
			if p[2] > 0 {
				return math.NaN()
			}
			return 1
		}, "5 of 9 payoffs are not finite: that of strategy 0 in profile [1 0 1] is NaN"},
		{2, 2, func(equilibrium.Profile, int) float64 { return math.Inf(1) }, "4 of 4 payoffs are not finite"},
	} {
		_, err := equilibrium.NewGame(tc.players, tc.strategies, tc.payoff)
		require.ErrorIs(t, err, equilibrium.ErrGame)
		require.ErrorContains(t, err, tc.want)
	}
}

func TestPayoffsAreThoseThatWereGiven(t *testing.T) {
	pay := func(p equilibrium.Profile, s int) float64 { return float64(100*p[0] + 10*p[1] + s) }
	g, err := equilibrium.NewGame(3, 3, pay)
	require.NoError(t, err)
	require.Equal(t, 3, g.Players())
	require.Equal(t, 3, g.Strategies())
	require.Equal(t, equilibrium.Profiles(3, 3), g.Profiles())
	for _, p := range g.Profiles() {
		for s := range p {
			if p[s] > 0 {
				require.InDelta(t, pay(p, s), g.Payoff(p, s), 0)
			} else {
				require.True(t, math.IsNaN(g.Payoff(p, s)))
			}
		}
	}
	for _, x := range []float64{
		g.Payoff(equilibrium.Profile{4, 0, 0}, 0), g.Payoff(equilibrium.Profile{3, 0, 0}, 5),
		g.Regret(equilibrium.Profile{1, 1}), g.Welfare(equilibrium.Profile{1, 1}),
	} {
		require.True(t, math.IsNaN(x))
	}
}

func TestPureEquilibriaOfKnownGames(t *testing.T) {
	for _, tc := range []struct {
		name string
		game *equilibrium.Game
		want []equilibrium.Profile
	}{
		{"prisoner's dilemma", prisoners(t), []equilibrium.Profile{{0, 2}}},
		{"stag hunt", stagHunt(t), []equilibrium.Profile{{2, 0}, {0, 2}}},
		{"chicken", chicken(t), []equilibrium.Profile{{1, 1}}},
		{"rock, paper, scissors", rockPaperScissors(t), nil},
	} {
		require.Equal(t, tc.want, tc.game.Pure(0), tc.name)
	}
	g := prisoners(t)
	require.InDelta(t, 2, g.Regret(equilibrium.Profile{2, 0}), 1e-15)
	require.InDelta(t, 1, g.Regret(equilibrium.Profile{1, 1}), 1e-15, "the one that is exploited")
	require.Len(t, g.Pure(1), 2, "within a regret of 1")
	require.InDelta(t, 5, g.Span(), 0)
}

func TestResponsesAndSinks(t *testing.T) {
	g := prisoners(t)
	require.Equal(t, []equilibrium.Response{
		{From: equilibrium.Profile{2, 0}, To: equilibrium.Profile{1, 1}, Leaves: 0, Joins: 1, Gain: 2},
		{From: equilibrium.Profile{1, 1}, To: equilibrium.Profile{0, 2}, Leaves: 0, Joins: 1, Gain: 1},
	}, g.Responses(0))
	require.Len(t, g.Responses(1), 1, "of a gain above 1")
	require.Equal(t, [][]equilibrium.Profile{{{0, 2}}}, g.Sinks(0))
	require.Equal(t, [][]equilibrium.Profile{{{2, 0}}, {{0, 2}}}, stagHunt(t).Sinks(0))
	circle := rockPaperScissors(t).Sinks(0)
	require.Len(t, circle, 1)
	require.Len(t, circle[0], 3, "best responses circle among the three profiles of different choices")
}
