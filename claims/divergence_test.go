package claims

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/stats"
)

// paired puts x and y together.
func paired(x, y []float64) [][2]float64 {
	pairs := make([][2]float64, len(x))
	for i := range x {
		pairs[i] = [2]float64{x[i], y[i]}
	}
	return pairs
}

// Without ties, Spearman's coefficient is 1 - 6 sum(d^2)/(n(n^2-1)).
func TestSpearman(t *testing.T) {
	// d = 0, -1, 1, -1, 1: 1 - 6*4/(5*24).
	require.InDelta(t, 0.8, spearman(paired([]float64{1, 2, 3, 4, 5}, []float64{10, 30, 20, 50, 40})), 1e-12)
	require.InDelta(t, -1, spearman(paired([]float64{1, 2, 3, 4, 5}, []float64{0.9, 0.8, 0.1, 0.05, 0})), 1e-12)
	for name, values := range map[string][]float64{
		"four": {1, 2, 3, 4}, "one undefined": {1, 2, math.NaN(), 4, 5}, "all equal": {1, 1, 1, 1, 1},
	} {
		x := []float64{5, 4, 3, 2, 1}[:len(values)]
		require.True(t, math.IsNaN(spearman(paired(x, values))), name)
		require.True(t, math.IsNaN(spearman(paired(values, x))), name)
	}
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfNDistinct(rapid.Float64Range(-10, 10), 5, 20, rapid.ID[float64]).Draw(t, "x")
		y := make([]float64, len(x))
		for i, v := range x {
			y[i] = math.Atan(v / 20) // any rising function; near enough to linear to keep neighbours apart
		}
		if rho := spearman(paired(x, y)); !math.IsNaN(rho) {
			require.GreaterOrEqual(t, rho, 0.9)
		}
	})
}

// A game of which no divergence was measured is left aside; one attacker of a
// measured game without one is missing.
func TestDivergenceMissing(t *testing.T) {
	m := paperLike.play(12)
	for i := range m.Games {
		if len(m.Games[i].Attackers) == 3 {
			for j := range m.Games[i].Attackers {
				m.Games[i].Attackers[j].Divergence = stats.Undefined()
			}
		}
	}
	verdicts, err := Judge(m, "C8")
	require.NoError(t, err)
	require.Equal(t, Supported, verdicts[0].Outcome)
	require.Equal(t, 12*(8+3+1), verdicts[0].Models, "eight singles, three N with one label, one with distinct ones")

	m.Games[0].Attackers[0].Divergence = stats.Undefined()
	verdicts, err = Judge(m, "C8")
	require.NoError(t, err)
	require.Equal(t, Undecided, verdicts[0].Outcome)
	require.Equal(t, []string{"divergence, ASR and lift of every attacker, at least 5 of them, not all equal (seed 0)"}, verdicts[0].Missing)
}
