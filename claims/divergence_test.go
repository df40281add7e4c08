package claims

import (
	"math"
	"slices"
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

// A game of which no divergence was measured is left aside, and so are attackers of fewer
// than five with one N; one attacker of a measured game without a divergence is missing.
func TestDivergenceMissing(t *testing.T) {
	m := paperLike.play(12)
	verdicts, err := Judge(m, "C8")
	require.NoError(t, err)
	require.Equal(t, Supported, verdicts[0].Outcome)
	require.Equal(t, 12*3, verdicts[0].Models, "five attackers with N = 5, and eight with N = 4, by one label and by distinct ones")

	five := func(g Game) bool {
		return len(g.Attackers) == 5 && g.Defense == NoDefense && g.Attackers[4].Rate == 0.2 && g.Attackers[0].Rate == 0.2
	}
	m.Games[slices.IndexFunc(m.Games, five)].Attackers[0].Divergence = stats.Undefined()
	verdicts, err = Judge(m, "C8")
	require.NoError(t, err)
	require.Equal(t, Undecided, verdicts[0].Outcome)
	require.Equal(t, []string{"divergence, ASR and lift of every attacker, at least 5 of one N and number of poisoned images, not all equal (seed 0)"}, verdicts[0].Missing)

	for i := range m.Games {
		if len(m.Games[i].Attackers) >= 4 {
			for j := range m.Games[i].Attackers {
				m.Games[i].Attackers[j].Divergence = stats.Undefined()
			}
		}
	}
	verdicts, err = Judge(m, "C8")
	require.NoError(t, err)
	require.Empty(t, verdicts)
}

// Across numbers of attackers and of poisoned images divergence and ASR are related though
// they are not within either (Simpson's paradox): the claim is not supported.
func TestDivergenceWithinGroups(t *testing.T) {
	m := Measurements{Rate: 0.2, P1: 0.2, P2: 0.2, Primary: []string{"C8"}}
	for seed := range uint64(24) {
		for _, n := range []int{5, 10} {
			w := paperLike
			w.asr = func(a at) float64 { return 2/float64(n) + 0.01*float64(a.attacker) } // rises with the divergence
			m.Games = append(m.Games, w.game(seed, NoDefense, Same, upTo(n), repeat(2, n), repeat(0.2, n)))
		}
	}
	verdicts, err := Judge(m, "C8")
	require.NoError(t, err)
	require.Equal(t, Opposite, verdicts[0].Outcome, verdicts[0].Sentence)
	require.Contains(t, verdicts[0].Sentence, "is +1.00")
}
