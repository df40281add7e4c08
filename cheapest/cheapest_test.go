package cheapest_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/cheapest"
)

// play plays a search in which the target is reached from a value on, to its end.
func play(t *testing.T, s *cheapest.Spec, from func(n int, seed uint64) int) *cheapest.Result {
	t.Helper()
	require.NoError(t, s.Check())
	var games []cheapest.Game
	for {
		_, next := s.Search(games)
		if len(next) == 0 {
			require.LessOrEqual(t, len(games), s.MostGames())
			return s.Analyze(games)
		}
		for _, p := range next {
			g := cheapest.Game{Play: p, ASR: 0.1}
			if p.Value >= from(p.N, p.Seed) {
				g.ASR = 0.95
			}
			games = append(games, g)
		}
	}
}

func search() *cheapest.Spec {
	return &cheapest.Spec{Unit: cheapest.Images, Target: 0.9, Counts: []int{1, 2, 5}, FirstSeed: 1, Seeds: 6, Most: 1000, Margin: cheapest.DefaultMargin}
}

// With tolerance 0 the search finds every threshold exactly.
func TestSearchFindsThresholds(t *testing.T) {
	from := func(n int, seed uint64) int { return 7*n + int(seed)*13 }
	r := play(t, search(), from)
	for _, threshold := range r.Thresholds {
		require.True(t, threshold.Done)
		require.Equal(t, from(threshold.N, threshold.Seed), threshold.Value)
		require.Equal(t, threshold.Value-1, threshold.Below)
	}
	one := search()
	r = play(t, one, func(int, uint64) int { return 1 })
	require.Equal(t, 1, r.Thresholds[0].Value)
	require.InDelta(t, 1, float64(r.Costs[0].Mean), 1e-12)

	wide := search()
	wide.Tolerance = 0.1
	r = play(t, wide, func(int, uint64) int { return 500 })
	require.GreaterOrEqual(t, r.Thresholds[0].Value, 500)
	require.LessOrEqual(t, float64(r.Thresholds[0].Value), 1.1*float64(r.Thresholds[0].Below))
}

func TestTrends(t *testing.T) {
	for _, test := range []struct {
		of   func(n int, seed uint64) int
		want cheapest.Trend
		text string
	}{
		{func(_ int, seed uint64) int { return 100 + int(seed) }, cheapest.Flat, "do not backfire"},
		{func(n int, seed uint64) int { return 50*n + int(seed) }, cheapest.Rising, "backfiring is a price"},
		{func(n int, seed uint64) int { return 500/n + int(seed) }, cheapest.Falling, "help each other"},
		{func(n int, seed uint64) int { return 100 + 20*(n-1)*(int(seed%3)-1) }, cheapest.Unclear, "undecided"},
		{func(n int, _ uint64) int { return 400 * n }, cheapest.Unclear, "6 of 6 seeds do not reach it with 1000"},
	} {
		r := play(t, search(), test.of)
		require.Equal(t, test.want, r.Trend, r.Sentence)
		require.Contains(t, r.Sentence, test.text)
	}
	narrow := search()
	narrow.Margin = 1.001
	r := play(t, narrow, func(n int, seed uint64) int { return 100*int(seed) + n })
	require.NotEqual(t, cheapest.Flat, r.Trend, "the margin is a setting")
	r = search().Analyze(nil)
	require.Contains(t, r.Sentence, "still being searched")
	require.False(t, r.Costs[0].Mean.Defined())
}

// A collapsed model has an ASR that means nothing: it does not reach the target.
func TestCollapsedGamesDoNotReach(t *testing.T) {
	s := search()
	found, _ := s.Search([]cheapest.Game{{Play: cheapest.Play{N: 1, Seed: 1, Value: 8}, ASR: 1, Collapsed: true}})
	require.Equal(t, 8, found[0].Below)
	require.Zero(t, found[0].Value)
}

func TestSearchRefusals(t *testing.T) {
	for _, change := range []func(*cheapest.Spec){
		func(s *cheapest.Spec) { s.Unit = "k" },
		func(s *cheapest.Spec) { s.Target = math.NaN() },
		func(s *cheapest.Spec) { s.Tolerance = 1 },
		func(s *cheapest.Spec) { s.Margin = 1 },
		func(s *cheapest.Spec) { s.Margin = math.Inf(1) },
		func(s *cheapest.Spec) { s.Margin, s.Tolerance = 1.2, 0.1 }, // below 1.1 * 1.1
		func(s *cheapest.Spec) { s.Seeds = 0 },
		func(s *cheapest.Spec) { s.Counts = []int{2, 1} },
		func(s *cheapest.Spec) { s.Most = 0 },
	} {
		s := search()
		change(s)
		require.ErrorIs(t, s.Check(), cheapest.ErrSpec)
	}
}
