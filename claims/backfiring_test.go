package claims

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// trend returns one undefended game per N and seed. All its attackers have the ASR
// given for N, up to noise.
func trend(seeds int, labels Labels, asr map[int]float64, noise float64) Measurements {
	m := Measurements{Rate: 0.2, Primary: []string{"C1"}}
	w := paperLike
	w.noise, w.asr = noise, func(a at) float64 { return asr[a.n] }
	w.base = func(at) float64 { return 0 }
	for seed := range uint64(seeds) {
		for n := range asr {
			targets := repeat(int(seed)%10, n) // a random draw may be the same for all, and differs between seeds
			if labels != Random {
				targets = repeat(2, n)
			}
			m.Games = append(m.Games, w.game(seed, NoDefense, labels, upTo(n), targets, repeat(0.2, n)))
		}
	}
	return m
}

// trendSeeds is a number of seeds that settles changes of 25 points or more.
const trendSeeds = 60

// With little noise, a fall by about 25 points from each N to the next supports the
// claim, and a rise by as much contradicts it.
func TestBackfiringFindsTrends(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ns := rapid.SliceOfNDistinct(rapid.IntRange(1, 30), 2, 4, rapid.ID[int]).Draw(t, "ns")
		slices.Sort(ns)
		falling, rising := map[int]float64{}, map[int]float64{}
		for i, n := range ns {
			step := 0.25*float64(i) + rapid.Float64Range(0, 0.02).Draw(t, "step")
			falling[n], rising[n] = 0.95-step, 0.1+step
		}
		labels := rapid.SampledFrom([]Labels{Same, Random}).Draw(t, "labels")
		for _, tc := range []struct {
			asr  map[int]float64
			want Outcome
		}{{falling, Supported}, {rising, Opposite}} {
			verdicts, err := Judge(trend(trendSeeds, labels, tc.asr, 0.002), "C1")
			require.NoError(t, err)
			require.Equal(t, tc.want, verdicts[0].Outcome, verdicts[0].Sentence)
			require.Equal(t, trendSeeds*len(ns), verdicts[0].Models)
		}
	})
}

// A monotone but tiny fall is no effect.
func TestBackfiringHasASize(t *testing.T) {
	verdicts, err := Judge(trend(4*trendSeeds, Same, map[int]float64{1: 0.992, 2: 0.991, 5: 0.99, 10: 0.98}, 0.001), "C1")
	require.NoError(t, err)
	require.Equal(t, NoEffect, verdicts[0].Outcome)
}

// With two points the fitted change is their difference. With N = 1, 3 and 9, log N
// is 0, 1 and 2 times log 3, so the change is the difference of the outer points.
func TestFittedChange(t *testing.T) {
	for _, tc := range []struct {
		asr  map[int]float64
		want float64
	}{
		{map[int]float64{1: 0.9, 4: 0.2}, -0.7},
		{map[int]float64{1: 0.9, 3: 0.1, 9: 0.4}, -0.5},
	} {
		verdicts, err := Judge(trend(3, Same, tc.asr, 0), "C1")
		require.NoError(t, err)
		require.InDelta(t, tc.want, float64(verdicts[0].Statistics[0].Estimate), 1e-12) // rounding of sums of few terms
	}
}

// The trend uses the choice of labels with the most N. N = 1 is the mean over the
// attackers of its games.
func TestBackfiringChoosesLabels(t *testing.T) {
	m := paperLike.play(3)
	verdicts, err := Judge(m, "C1")
	require.NoError(t, err)
	require.Equal(t, 3*(5+4), verdicts[0].Models, "N = 2 to 5 with one label, and five singles")

	m.Games = slices.DeleteFunc(m.Games, func(g Game) bool { return g.Labels == Same && len(g.Attackers) > 1 })
	verdicts, err = Judge(m, "C1")
	require.NoError(t, err)
	require.Equal(t, 3*(1+4), verdicts[0].Models, "N = 4 with distinct labels, and the single with each of these labels")
	require.Contains(t, verdicts[0].Statistics[0].Name, "N = 1 to 4")
}
