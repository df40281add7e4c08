package divergence_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/divergence"
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
		got, err := divergence.Correlate(c.X, c.Y)
		require.NoError(t, err)
		require.Equal(t, len(c.X), got.N)
		// Sums of ten numbers in another order.
		require.InDelta(t, c.Spearman, float64(got.Spearman), 1e-14)
		require.InDelta(t, c.Kendall, float64(got.Kendall), 1e-14)
	}
}

func TestRankCorrelationOfWhatIsMissing(t *testing.T) {
	nan := math.NaN()
	got, err := divergence.Correlate([]float64{1, nan, 2, 3, 9}, []float64{5, 1, 4, 3, nan})
	require.NoError(t, err)
	require.Equal(t, 3, got.N)
	require.InDelta(t, -1, float64(got.Spearman), 1e-15)
	require.InDelta(t, -1, float64(got.Kendall), 1e-15)

	for _, pair := range [][2][]float64{{{1}, {2}}, {nil, nil}, {{1, 1}, {2, 3}}} {
		got, err := divergence.Correlate(pair[0], pair[1])
		require.NoError(t, err)
		require.False(t, got.Spearman.Defined() || got.Kendall.Defined(), "%v", pair)
	}
	_, err = divergence.Correlate([]float64{1}, nil)
	require.ErrorIs(t, err, divergence.ErrData)
}
