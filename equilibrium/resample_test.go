package equilibrium_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/equilibrium"
)

// noisy returns a sample of a game with normal noise: a part that all payoffs of a seed
// share and one of each payoff.
func noisy(t *testing.T, g *equilibrium.Game, seeds int, noise float64, rng *rand.Rand) *equilibrium.Sample {
	shared := make([]float64, seeds)
	for seed := range shared {
		shared[seed] = noise * rng.NormFloat64()
	}
	s, err := equilibrium.NewSample(g.Players(), g.Strategies(), seeds, func(seed int, p equilibrium.Profile, strategy int) float64 {
		return g.Payoff(p, strategy) + shared[seed] + noise*rng.NormFloat64()
	})
	require.NoError(t, err)
	return s
}

// race returns a game of three players and some poison rates in which each has its rate times
// what the total of all rates leaves, so that the two highest rates mix.
func race(t *testing.T, rates ...float64) *equilibrium.Game {
	g, err := equilibrium.NewGame(3, len(rates), func(p equilibrium.Profile, s int) float64 {
		return rates[s] * (2.6 - 3*p.Mean(rates)) / 2
	})
	require.NoError(t, err)
	return g
}

// recovery counts, in 100 samples, those whose interval holds the mean rate of the true equilibrium, and those with a
// false verdict about a profile.
func recovery(t *testing.T, g *equilibrium.Game, rates []float64, seeds, set int) (recovered, falsely int) {
	truth := g.Symmetric().Equilibria
	require.Len(t, truth, 1)
	require.Len(t, truth[0].Support, 2, "a mixture: %v", truth[0].Mixture)
	want := truth[0].Mixture.Mean(rates)
	for trial := range 100 {
		s := noisy(t, g, seeds, 0.01, seeded(uint64(100*set+trial)))
		a, err := s.Resample(equilibrium.Options{Attribute: rates, Resamples: 200, Starts: 1})
		require.NoError(t, err)
		if slices.ContainsFunc(a.Mixtures, func(m equilibrium.MixtureAnswer) bool { return m.Attribute.Interval.Contains(want) }) {
			recovered++
		}
		if slices.ContainsFunc(a.Profiles, func(p equilibrium.ProfileAnswer) bool {
			return p.Verdict == equilibrium.IsEquilibrium && g.Regret(p.Profile) > 0.05 ||
				p.Verdict == equilibrium.NotEquilibrium && g.Regret(p.Profile) < 0.05
		}) {
			falsely++
		}
	}
	return recovered, falsely
}

// RECOVERED_SETS=20 plays so many sets of 100 samples.
func TestAKnownEquilibriumIsRecovered(t *testing.T) {
	if testing.Short() {
		t.Skip("solves thousands of games")
	}
	sets, _ := strconv.Atoi(os.Getenv("RECOVERED_SETS"))
	for _, rates := range [][]float64{{0.5, 0.9}, {0.2, 0.5, 0.9}, {0.05, 0.2, 0.5, 0.9}} {
		g := race(t, rates...)
		for _, seeds := range []int{6, 10} {
			var all []int
			for set := range max(1, sets) {
				recovered, falsely := recovery(t, g, rates, seeds, set)
				all = append(all, recovered)
				require.LessOrEqual(t, falsely, 5)
			}
			sum := 0
			for _, recovered := range all {
				sum += recovered
			}
			t.Logf("%d strategies, %d seeds: recovered in %.1f of 100, by sets %v", len(rates), seeds, float64(sum)/float64(len(all)), all)
			require.GreaterOrEqual(t, all[0], 95)
			require.GreaterOrEqual(t, sum, 97*len(all)-2, "in the long run more than 95, so that the first set is no luck")
		}
	}
}

func TestVerdicts(t *testing.T) {
	s := noisy(t, prisoners(t), 6, 0.01, seeded(1))
	a, err := s.Resample(equilibrium.Options{})
	require.NoError(t, err)
	require.Equal(t, 6, a.SeedsNeeded)
	require.Equal(t, equilibrium.Dilemma, a.Kind)
	require.Equal(t, []equilibrium.KindShare{{Kind: equilibrium.Dilemma, Share: 1}}, a.Kinds)
	require.Equal(t, []equilibrium.SupportShare{{Support: []int{1}, Share: 1}}, a.Supports)
	require.Len(t, a.Profiles, 3)
	require.Equal(t, equilibrium.NotEquilibrium, a.Profiles[0].Verdict)
	require.Zero(t, a.Profiles[0].Share)
	require.InDelta(t, 2, float64(a.Profiles[0].Regret.Value), 0.1)
	require.Equal(t, equilibrium.IsEquilibrium, a.Profiles[2].Verdict)
	require.InDelta(t, 1, a.Profiles[2].Share, 0)
	require.InDelta(t, 1, a.Profiles[2].Attribute, 0)
	require.False(t, a.Profiles[2].Payoffs[0].Value.Defined(), "no player plays it")
	require.InDelta(t, 1, float64(a.Profiles[2].Payoffs[1].Value), 0.1)
	require.Equal(t, a.Profiles[2].Payoffs[1], a.Profiles[2].Welfare)
	require.True(t, a.Profiles[0].Welfare.Interval.Contains(3))
	require.Len(t, a.Mixtures, 1)
	require.Equal(t, equilibrium.IsEquilibrium, a.Mixtures[0].Verdict)

	wide, err := noisy(t, prisoners(t), 6, 3, seeded(2)).Resample(equilibrium.Options{})
	require.NoError(t, err)
	for _, p := range wide.Profiles {
		require.Equal(t, equilibrium.Undecided, p.Verdict)
	}
	_, err = json.Marshal(wide)
	require.NoError(t, err)
}

func TestFewSeedsDecideNothing(t *testing.T) {
	for seeds := 1; seeds < equilibrium.SeedsNeeded(0.95); seeds++ {
		a, err := noisy(t, prisoners(t), seeds, 1e-6, seeded(3)).Resample(equilibrium.Options{})
		require.NoError(t, err)
		for _, p := range a.Profiles {
			require.Equal(t, equilibrium.Undecided, p.Verdict)
			require.Equal(t, seeds > 1, p.Regret.Interval.High.Defined())
		}
		require.Equal(t, equilibrium.Dilemma, a.Kind, "the game of the means is solved all the same")
	}
	require.Equal(t, 6, equilibrium.SeedsNeeded(0.95))
	require.Equal(t, 2, equilibrium.SeedsNeeded(0.5))
	require.Equal(t, 8, equilibrium.SeedsNeeded(0.99))
}

func TestTheSameSeedsGiveTheSameAnswer(t *testing.T) {
	rates := []float64{0.2, 0.5, 0.9}
	g := race(t, rates...)
	s := noisy(t, g, 6, 0.05, seeded(4))
	one, err := s.Resample(equilibrium.Options{Resamples: 300, Attribute: rates})
	require.NoError(t, err)
	two, err := s.Resample(equilibrium.Options{Resamples: 300, Attribute: rates})
	require.NoError(t, err)
	require.Equal(t, inJSON(t, one), inJSON(t, two))
	other, err := s.Resample(equilibrium.Options{Resamples: 300, Attribute: rates, Seed: 1})
	require.NoError(t, err)
	require.NotEqual(t, inJSON(t, one.Profiles), inJSON(t, other.Profiles))
	require.Equal(t, inJSON(t, one.Solution), inJSON(t, other.Solution))
}

// inJSON returns a value in JSON, in which undefined numbers are equal.
func inJSON(t *testing.T, value any) string {
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

// A resampled mean is that of the seeds as drawn, so that a number of a game which is a mean
// of the seeds' numbers has the interval of these means.
func TestEstimateOfANumber(t *testing.T) {
	s, err := equilibrium.NewSample(2, 2, 6, func(seed int, p equilibrium.Profile, strategy int) float64 {
		return prisoners(t).Payoff(p, strategy) + float64(seed*strategy)
	})
	require.NoError(t, err)
	require.Equal(t, 6, s.Seeds())
	gap := func(g *equilibrium.Game) float64 {
		return g.Welfare(equilibrium.Profile{0, 2}) - g.Welfare(equilibrium.Profile{2, 0})
	}
	e, err := s.Estimate(equilibrium.Options{}, gap)
	require.NoError(t, err)
	require.InDelta(t, 1-3+2.5, float64(e.Value), 1e-12)
	require.InDelta(t, 4.-2, gap(s.SeedGame(4)), 1e-12)
	require.Greater(t, float64(e.Interval.Low), -2.0)
	require.Less(t, float64(e.Interval.High), 3.0)
	// Student's t of 0 to 5 has the half width 2.571 * 1.871 / sqrt(6) = 1.963.
	require.InDelta(t, 2*1.963, float64(e.Interval.High-e.Interval.Low), 0.5)

	none, err := s.Estimate(equilibrium.Options{Resamples: 10}, func(*equilibrium.Game) float64 { return math.NaN() })
	require.NoError(t, err)
	require.Equal(t, 10, none.Undefined)
	require.False(t, none.Interval.Low.Defined())
}

func TestBadSamplesAndOptionsAreRefused(t *testing.T) {
	one := func(int, equilibrium.Profile, int) float64 { return 1 }
	for want, make := range map[string]func() error{
		"number of seeds 0: must be at least 1": func() error {
			_, err := equilibrium.NewSample(2, 2, 0, one)
			return err
		},
		"number of players 1": func() error {
			_, err := equilibrium.NewSample(1, 2, 3, one)
			return err
		},
		"2 of 12 payoffs are not finite: that of strategy 0 in profile [1 1] of seed 2 is NaN": func() error {
			_, err := equilibrium.NewSample(2, 2, 3, func(seed int, p equilibrium.Profile, _ int) float64 {
				if seed == 2 && p[0] == 1 {
					return math.NaN()
				}
				return 1
			})
			return err
		},
	} {
		err := make()
		require.ErrorIs(t, err, equilibrium.ErrGame)
		require.ErrorContains(t, err, want)
	}
	s, err := equilibrium.NewSample(2, 2, 3, one)
	require.NoError(t, err)
	for want, o := range map[string]equilibrium.Options{
		"margin -1: must be above 0":         {Margin: -1},
		"level 1: must be between 0 and 1":   {Level: 1},
		"-1 resamples: must be 1 to 100000":  {Resamples: -1},
		"-2 starts: must be at least 1":      {Starts: -2},
		"3 attributes of 2 strategies":       {Attribute: []float64{1, 2, 3}},
		"the attribute of strategy 1 is NaN": {Attribute: []float64{1, math.NaN()}},
	} {
		_, err := s.Resample(o)
		require.ErrorIs(t, err, equilibrium.ErrGame)
		require.ErrorContains(t, err, want)
		_, err = s.Estimate(o, func(*equilibrium.Game) float64 { return 0 })
		require.ErrorIs(t, err, equilibrium.ErrGame)
		_, err = s.Game().Solve(o)
		require.ErrorIs(t, err, equilibrium.ErrGame)
	}
}

// The time of all answers about a game of five players and four strategies with six seeds.
func BenchmarkResample(b *testing.B) {
	rng := seeded(1)
	base, err := equilibrium.NewGame(5, 4, func(equilibrium.Profile, int) float64 { return rng.Float64() })
	require.NoError(b, err)
	for _, seeds := range []int{6, 20} {
		s, err := equilibrium.NewSample(5, 4, seeds, func(_ int, p equilibrium.Profile, strategy int) float64 {
			return base.Payoff(p, strategy) + 0.1*rng.NormFloat64()
		})
		require.NoError(b, err)
		b.Run(fmt.Sprintf("seeds=%d", seeds), func(b *testing.B) {
			for b.Loop() {
				_, err := s.Resample(equilibrium.Options{})
				require.NoError(b, err)
			}
		})
	}
}
