package stats_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/stats"
)

func TestRankCorrelationsAgainstSciPy(t *testing.T) {
	raw, err := os.ReadFile("testdata/ranks.json")
	require.NoError(t, err)
	var cases []struct {
		X, Y              []float64
		Spearman, Kendall float64
	}
	require.NoError(t, json.Unmarshal(raw, &cases))
	require.NotEmpty(t, cases)
	for _, c := range cases {
		require.Len(t, c.Y, len(c.X))
		var pairs [][2]float64
		for i := range c.X {
			pairs = append(pairs, [2]float64{c.X[i], c.Y[i]})
		}
		got := stats.Correlate(pairs)
		require.Equal(t, len(c.X), got.N)
		// SciPy adds the ten numbers in another order.
		require.InDelta(t, c.Spearman, float64(got.Spearman), 1e-14)
		require.InDelta(t, c.Kendall, float64(got.Kendall), 1e-14)
	}
}

func TestRankCorrelationOfMissingValues(t *testing.T) {
	nan := math.NaN()
	got := stats.Correlate([][2]float64{{1, 5}, {nan, 1}, {2, 4}, {3, 3}, {9, nan}})
	require.Equal(t, 3, got.N)
	require.InDelta(t, -1, float64(got.Spearman), 1e-15)
	require.InDelta(t, -1, float64(got.Kendall), 1e-15)
	for _, pairs := range [][][2]float64{{{1, 2}}, nil, {{1, 2}, {1, 3}}} {
		got := stats.Correlate(pairs)
		require.False(t, got.Spearman.Defined() || got.Kendall.Defined(), "%v", pairs)
	}
}
