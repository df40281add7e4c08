package equilibrium_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"pgregory.net/rapid"

	"backfire/equilibrium"
)

func TestSymmetricEquilibriaOfKnownGames(t *testing.T) {
	for _, tc := range []struct {
		name string
		game *equilibrium.Game
		want []equilibrium.Mixture
	}{
		{"prisoner's dilemma", prisoners(t), []equilibrium.Mixture{{0, 1}}},
		{"stag hunt", stagHunt(t), []equilibrium.Mixture{{1, 0}, {0, 1}, {2. / 3, 1. / 3}}},
		{"chicken", chicken(t), []equilibrium.Mixture{{2. / 3, 1. / 3}}},
		{"rock, paper, scissors", rockPaperScissors(t), []equilibrium.Mixture{{1. / 3, 1. / 3, 1. / 3}}},
	} {
		s := tc.game.Symmetric()
		require.True(t, s.Complete)
		require.Empty(t, s.Degenerate, tc.name)
		requireMixtures(t, tc.want, mixtures(s.Equilibria), 1e-12)
	}
}

// With N players, all gain from one volunteer, who pays a cost: each volunteers with the
// probability 1 - cost^(1/(N-1)) (Diekmann, "Volunteer's Dilemma", 1985).
func TestVolunteersDilemma(t *testing.T) {
	const cost = 0.3
	for players := 2; players <= 40; players++ {
		g, err := equilibrium.NewGame(players, 2, func(p equilibrium.Profile, s int) float64 {
			switch {
			case s == 0:
				return 1 - cost
			case p[0] > 0:
				return 1
			default:
				return 0
			}
		})
		require.NoError(t, err)
		waits := math.Pow(cost, 1/float64(players-1))
		requireMixtures(t, []equilibrium.Mixture{{1 - waits, waits}}, mixtures(g.Symmetric().Equilibria), 1e-9)
		require.Equal(t, equilibrium.AntiCoordination, g.Kind())
	}
}

// Five strategies that beat each other in a circle of odd length have one equilibrium, also
// with more players if the payoff is a mean over the others.
func TestLargerCircles(t *testing.T) {
	for _, players := range []int{2, 3, 4} {
		g, err := equilibrium.NewGame(players, 5, func(p equilibrium.Profile, s int) float64 {
			return float64(p[(s+4)%5] + p[(s+3)%5] - p[(s+1)%5] - p[(s+2)%5])
		})
		require.NoError(t, err)
		requireMixtures(t, []equilibrium.Mixture{{.2, .2, .2, .2, .2}}, mixtures(g.Symmetric().Equilibria), 1e-9)
	}
}

func TestRandomGamesHaveAnOddNumber(t *testing.T) {
	// Almost every game has an odd number of symmetric equilibria, so a search that misses
	// one shows (Wilson, "Computing Equilibria of N-Person Games", 1971).
	for _, size := range [][2]int{{2, 2}, {9, 2}, {2, 3}, {5, 3}, {2, 4}, {5, 4}, {2, 5}, {3, 5}} {
		rng := seeded(7)
		for trial := range 25 {
			s := random(t, size[0], size[1], rng).Symmetric()
			require.Equal(t, 1, len(s.Equilibria)%2, "%v, trial %d: %v", size, trial, mixtures(s.Equilibria))
			require.Empty(t, s.Degenerate)
		}
	}
}

func TestManyStrategiesAreSearchedInPart(t *testing.T) {
	s := random(t, 2, 7, seeded(3)).Symmetric()
	require.False(t, s.Complete)
	require.NotEmpty(t, s.Equilibria)
	// The equilibrium of seven strategies in a circle is beyond the supports that are searched.
	g, err := equilibrium.NewGame(2, 7, func(p equilibrium.Profile, s int) float64 {
		gain := 0
		for ahead := 1; ahead <= 3; ahead++ {
			gain += p[(s+ahead)%7] - p[(s+7-ahead)%7]
		}
		if p[s] == 2 {
			return -0.5 // so that the dynamics leads to it
		}
		return float64(gain)
	})
	require.NoError(t, err)
	centre := equilibrium.Mixture{1. / 7, 1. / 7, 1. / 7, 1. / 7, 1. / 7, 1. / 7, 1. / 7}
	requireMixture(t, centre, mixtures(g.Symmetric().Equilibria), 1e-9)
}

func TestContinuaAreNamed(t *testing.T) {
	same := matrix(t, []float64{1, 1}, []float64{1, 1})
	require.Equal(t, [][]int{{0, 1}}, same.Symmetric().Degenerate)
	twins := matrix(t, []float64{2, 2, 0}, []float64{2, 2, 0}, []float64{1, 1, 1}).Symmetric()
	require.Contains(t, twins.Degenerate, []int{0, 1})
	require.Contains(t, mixtures(twins.Equilibria), equilibrium.Mixture{1, 0, 0})
	all, err := equilibrium.NewGame(3, 4, func(equilibrium.Profile, int) float64 { return 7 })
	require.NoError(t, err)
	require.NotEmpty(t, all.Symmetric().Degenerate)
	require.Equal(t, equilibrium.Neutral, all.Kind())
}

// Every game that is found has to be found, and be one: Nash's theorem as a property.
func TestEveryGameHasASymmetricEquilibrium(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGame(t)
		s := g.Symmetric()
		require.NotEmpty(t, s.Equilibria)
		for _, e := range s.Equilibria {
			require.NoError(t, g.Check(e.Mixture))
			require.LessOrEqual(t, g.MixtureRegret(e.Mixture), 1e-9*g.Span())
			require.Equal(t, e.Support, e.Mixture.Support())
			require.InDelta(t, g.MixturePayoff(e.Mixture), e.Payoff, 1e-9)
		}
		for _, p := range g.Pure(0) {
			if support := p.Support(); len(support) == 1 {
				requireMixture(t, equilibrium.PureMixture(g.Strategies(), support[0]), mixtures(s.Equilibria), 0)
			}
		}
	})
}

func TestRelabellingPermutesTheAnswers(t *testing.T) {
	rng := seeded(11)
	for _, size := range [][2]int{{2, 3}, {4, 3}, {3, 4}} {
		g := random(t, size[0], size[1], rng)
		order := rng.Perm(size[1]) // the new strategy s is the old one order[s]
		relabelled, err := equilibrium.NewGame(size[0], size[1], func(p equilibrium.Profile, s int) float64 {
			old := make(equilibrium.Profile, len(p))
			for i, count := range p {
				old[order[i]] = count
			}
			return g.Payoff(old, order[s])
		})
		require.NoError(t, err)
		var want []equilibrium.Mixture
		for _, m := range mixtures(g.Symmetric().Equilibria) {
			moved := make(equilibrium.Mixture, len(m))
			for s := range moved {
				moved[s] = m[order[s]]
			}
			want = append(want, moved)
		}
		requireMixtures(t, want, mixtures(relabelled.Symmetric().Equilibria), 1e-9)
		require.Len(t, relabelled.Pure(0), len(g.Pure(0)))
		require.Equal(t, g.Kind(), relabelled.Kind())
		best, worst, err := g.Correlated()
		require.NoError(t, err)
		otherBest, otherWorst, err := relabelled.Correlated()
		require.NoError(t, err)
		require.InDelta(t, best.Welfare, otherBest.Welfare, 1e-6)
		require.InDelta(t, worst.Welfare, otherWorst.Welfare, 1e-6)
	}
}

func TestAffinePayoffsChangeNothing(t *testing.T) {
	rng := seeded(12)
	for _, by := range [][2]float64{{1e-6, 0}, {1e6, -3e5}, {100, 50}} {
		g := random(t, 3, 4, rng)
		scaled, err := equilibrium.NewGame(3, 4, func(p equilibrium.Profile, s int) float64 { return by[0]*g.Payoff(p, s) + by[1] })
		require.NoError(t, err)
		requireMixtures(t, mixtures(g.Symmetric().Equilibria), mixtures(scaled.Symmetric().Equilibria), 1e-6)
		require.Equal(t, g.Pure(0), scaled.Pure(0))
		require.Equal(t, g.Kind(), scaled.Kind())
		before, err := g.Eliminate()
		require.NoError(t, err)
		after, err := scaled.Eliminate()
		require.NoError(t, err)
		require.Equal(t, before.Survivors, after.Survivors)
	}
}

func TestMixtures(t *testing.T) {
	g := prisoners(t)
	require.NoError(t, g.Check(equilibrium.Mixture{0.25, 0.75}))
	for _, m := range []equilibrium.Mixture{{1}, {-0.5, 1.5}, {0.5, 0.4}, {math.NaN(), 1}} {
		require.ErrorIs(t, g.Check(m), equilibrium.ErrGame)
	}
	m := equilibrium.Mixture{0.25, 0.75}
	require.InDeltaSlice(t, []float64{0.75, 2}, g.Deviations(m), 1e-15)
	require.InDelta(t, 0.25*0.75+0.75*2, g.MixturePayoff(m), 1e-15)
	require.InDelta(t, 2-g.MixturePayoff(m), g.MixtureRegret(m), 1e-15)
	require.InDelta(t, 0.6, m.Mean([]float64{0, 0.8}), 1e-15)
	flow := g.Flow(m)
	require.Positive(t, flow[1], "defection grows")
	require.InDelta(t, 0, floats.Sum(flow), 1e-15)
}

func TestDeviationsAreMeansOverTheOpponents(t *testing.T) {
	rng := seeded(5)
	g := random(t, 4, 3, rng)
	m := equilibrium.Mixture{0.2, 0.5, 0.3}
	want := make([]float64, 3)
	for a := range 3 {
		for b := range 3 {
			for c := range 3 {
				others := make(equilibrium.Profile, 3)
				others[a]++
				others[b]++
				others[c]++
				for s := range want {
					want[s] += m[a] * m[b] * m[c] * g.Payoff(others.Joined(s), s)
				}
			}
		}
	}
	require.InDeltaSlice(t, want, g.Deviations(m), 1e-12)
}
