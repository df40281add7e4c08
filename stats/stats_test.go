package stats_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/stats"
)

// The factors of the intervals are t(0.975, n-1) from a table of Student's t.
func TestSummarizeByHand(t *testing.T) {
	s := stats.Summarize([]float64{2, 4, 4, 4, 5, 5, 7, 9})
	require.Equal(t, 8, s.N)
	require.InDelta(t, 5, float64(s.Mean), 1e-12)
	require.InDelta(t, 2, float64(s.Std), 1e-12)
	// The table's factor 2.364624 has seven digits.
	require.InDelta(t, math.Sqrt(32.0/7)/math.Sqrt(8)*2.364624, float64(s.CI95), 1e-6)

	s = stats.Summarize([]float64{0, 1})
	require.InDelta(t, 0.5, float64(s.Std), 1e-12)
	require.InDelta(t, 0.5*12.706205, float64(s.CI95), 1e-6)
}

func TestSummarizeFew(t *testing.T) {
	for _, tc := range []struct {
		values []float64
		want   string
	}{
		{nil, `{"n":0,"undefined":0,"mean":null,"std":null,"ci95":null}`},
		{[]float64{0.75}, `{"n":1,"undefined":0,"mean":0.75,"std":0,"ci95":null}`},
		{[]float64{math.NaN()}, `{"n":0,"undefined":1,"mean":null,"std":null,"ci95":null}`},
		{[]float64{math.NaN(), 0.5, math.NaN(), 0.5}, `{"n":2,"undefined":2,"mean":0.5,"std":0,"ci95":0}`},
	} {
		got, err := json.Marshal(stats.Summarize(tc.values))
		require.NoError(t, err)
		require.JSONEq(t, tc.want, string(got))
	}
}

func TestSummarizeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 50).Draw(t, "values")
		s := stats.Summarize(values)
		mean, square := 0.0, 0.0
		for _, v := range values {
			mean += v / float64(len(values))
		}
		for _, v := range values {
			square += (v - mean) * (v - mean) / float64(len(values))
		}
		// Sums of at most 50 numbers in [0, 1] have rounding errors far below 1e-12.
		// The square root of a rounding error around 0 is at most 1e-7.
		require.InDelta(t, mean, float64(s.Mean), 1e-12)
		require.InDelta(t, math.Sqrt(square), float64(s.Std), 1e-7)

		with := stats.Summarize(append([]float64{math.NaN()}, values...))
		require.Equal(t, 1, with.Undefined)
		require.Equal(t, []any{s.N, s.Mean, s.Std}, []any{with.N, with.Mean, with.Std}, "an undefined measurement changes nothing")
	})
}

func TestNumberJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := stats.Number(rapid.Float64().Draw(t, "number"))
		data, err := json.Marshal(n)
		require.NoError(t, err)
		var restored stats.Number
		require.NoError(t, json.Unmarshal(data, &restored))
		require.Equal(t, n.Defined(), restored.Defined())
		if n.Defined() {
			require.Equal(t, n, restored)
		}
	})
	data, err := json.Marshal([]stats.Number{0.5, stats.Undefined(), stats.Number(math.Inf(1))})
	require.NoError(t, err)
	require.Equal(t, "[0.5,null,null]", string(data))
	var n stats.Number
	require.Error(t, json.Unmarshal([]byte(`"half"`), &n))
}

func TestOver(t *testing.T) {
	words := []string{"a", "bbb", ""}
	require.Equal(t, stats.Summarize([]float64{1, 3, 0}), stats.Over(words, func(w string) float64 { return float64(len(w)) }))
}

func TestPoints(t *testing.T) {
	for difference, want := range map[stats.Number]string{
		0.123: "+12.3", -0.0051: "-0.5", 0.0004: "0.0", -0.0004: "0.0", 1: "+100.0",
	} {
		require.Equal(t, want, stats.Points(difference))
	}
	require.Equal(t, "-", stats.Points(stats.Undefined()))
}
