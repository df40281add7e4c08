package equilibrium_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/equilibrium"
)

// dilemmaAtAPrice returns outcomes in which the second strategy gains what defection does
// in the prisoner's dilemma and costs 4 units, the first one.
func dilemmaAtAPrice(t *testing.T, seeds int, noise float64) *equilibrium.Outcomes {
	rng, g := seeded(9), prisoners(t)
	o, err := equilibrium.NewOutcomes(2, 2, seeds, func(_ int, p equilibrium.Profile, s int) equilibrium.Outcome {
		return equilibrium.Outcome{Success: g.Payoff(p, s) + noise*rng.Float64(), Cost: float64(1 + 3*s)}
	})
	require.NoError(t, err)
	return o
}

func TestPricesThatEndARace(t *testing.T) {
	o := dilemmaAtAPrice(t, 3, 0)
	ranges, err := o.PriceRanges(equilibrium.Options{})
	require.NoError(t, err)
	// Against a defector, defection gains 1 at 3 units more; against a cooperator 2.
	for i, want := range [][2]float64{{2. / 3, math.Inf(1)}, {1. / 3, 2. / 3}, {0, 1. / 3}} {
		require.False(t, ranges[i].Empty)
		require.InDelta(t, want[0], float64(ranges[i].From.Value), 1e-12)
		if math.IsInf(want[1], 1) {
			require.True(t, math.IsInf(float64(ranges[i].To.Value), 1))
		} else {
			require.InDelta(t, want[1], float64(ranges[i].To.Value), 1e-12)
			require.InDelta(t, want[1], float64(ranges[i].To.Interval.High), 1e-12, "the seeds agree")
		}
		require.InDelta(t, 1, ranges[i].Share, 0)
	}
	require.InDeltaSlice(t, []float64{1. / 3, 2. / 3}, equilibrium.Breaks(ranges), 1e-12)
}

func TestSweepOverPrices(t *testing.T) {
	o := dilemmaAtAPrice(t, 6, 0.01)
	points, err := o.Sweep([]float64{0, 0.5, 1}, equilibrium.Options{Resamples: 200})
	require.NoError(t, err)
	for i, want := range []struct {
		kind equilibrium.Kind
		pure []equilibrium.Profile
	}{
		{equilibrium.Dilemma, []equilibrium.Profile{{0, 2}}},
		{equilibrium.AntiCoordination, []equilibrium.Profile{{1, 1}}},
		{equilibrium.Dominant, []equilibrium.Profile{{2, 0}}},
	} {
		require.Equal(t, want.kind, points[i].Answer.Kind)
		require.Equal(t, want.pure, points[i].Answer.Pure)
	}
	require.InDelta(t, 0.5, points[1].Price, 0)
	_, err = o.Sweep([]float64{math.NaN()}, equilibrium.Options{})
	require.ErrorIs(t, err, equilibrium.ErrGame)
}

// At every price, the profiles whose range has it are the pure equilibria of the game there.
func TestPriceRangesAgreeWithTheGames(t *testing.T) {
	rng := seeded(31)
	for range 20 {
		o, err := equilibrium.NewOutcomes(3, 3, 1, func(int, equilibrium.Profile, int) equilibrium.Outcome {
			return equilibrium.Outcome{Success: rng.Float64(), Found: rng.Float64(), Cost: rng.Float64()}
		})
		require.NoError(t, err)
		ranges, err := o.PriceRanges(equilibrium.Options{Resamples: 1})
		require.NoError(t, err)
		for _, price := range []float64{0, 0.01, 0.3, 2, 50} {
			var want []equilibrium.Profile
			for _, r := range ranges {
				if !r.Empty && price >= float64(r.From.Value) && price <= float64(r.To.Value) {
					want = append(want, r.Profile)
				}
			}
			require.Equal(t, want, o.At(price).Game().Pure(0))
		}
	}
}

func TestOutcomes(t *testing.T) {
	o := equilibrium.Outcome{Success: 0.8, Found: 0.25, Cost: 50}
	require.InDelta(t, 0.6-0.002*50, o.Payoff(0.002), 1e-12)
	for want, bad := range map[string]equilibrium.Outcome{
		"found 1.5: must be 0 to 1":      {Found: 1.5},
		"cost -1: must be at least 0":    {Cost: -1},
		"4 of 4 payoffs are not finite":  {Success: math.NaN()},
		"strategy 0 in profile [2 0] of": {Found: -0.1},
	} {
		_, err := equilibrium.NewOutcomes(2, 2, 1, func(int, equilibrium.Profile, int) equilibrium.Outcome { return bad })
		require.ErrorIs(t, err, equilibrium.ErrGame)
		require.ErrorContains(t, err, want)
	}
}
