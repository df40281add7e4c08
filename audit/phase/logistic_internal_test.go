package phase

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The fits are those of SciPy's minimiser; see scripts/reference/firth.py.
func TestFirthAgainstSciPy(t *testing.T) {
	text, err := os.ReadFile("testdata/firth.json")
	require.NoError(t, err)
	var samples []struct {
		Name             string
		Data             [][3]float64
		Intercept, Slope float64
		Unpenalised      []float64
	}
	require.NoError(t, json.Unmarshal(text, &samples))
	require.NotEmpty(t, samples)
	for _, s := range samples {
		var data []binomial
		for _, d := range s.Data {
			data = append(data, binomial{d[0], d[1], d[2]})
		}
		fit, ok := fitFirth(data)
		require.True(t, ok, s.Name)
		require.InDelta(t, s.Intercept, fit.Intercept, 2e-6, "%s: intercept", s.Name)
		require.InDelta(t, s.Slope, fit.Slope, 2e-6, "%s: slope", s.Name)
		if s.Unpenalised != nil {
			require.InDelta(t, s.Unpenalised[1], fit.Slope, 1e-5, "%s: the penalty vanishes", s.Name)
		}
	}
}

// One place has no slope.
func TestOnePlaceHasNoCurve(t *testing.T) {
	_, ok := fitFirth([]binomial{{3, 1, 2}, {3, 0, 2}, {4, 0, 0}})
	require.False(t, ok)
	_, ok = fitFirth(nil)
	require.False(t, ok)
}

// Estimates are finite and at the maximum of the penalised likelihood, whatever the
// outcomes, and turn their sign with them.
func TestFirthIsFiniteAndHighest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 7).Draw(t, "places")
		var data, mirrored []binomial
		for i := range n {
			trials := rapid.IntRange(1, 12).Draw(t, "trials")
			successes := rapid.IntRange(0, trials).Draw(t, "successes")
			x := 2.5 + float64(i)
			data = append(data, binomial{x, float64(successes), float64(trials)})
			mirrored = append(mirrored, binomial{x, float64(trials - successes), float64(trials)})
		}
		fit, ok := fitFirth(data)
		require.True(t, ok)
		best := penalised(data, fit)
		for _, d := range [][2]float64{{1e-3, 0}, {-1e-3, 0}, {0, 1e-3}, {0, -1e-3}, {0.5, -0.1}, {-0.5, 0.1}} {
			require.GreaterOrEqual(t, best+1e-9, penalised(data, logistic{fit.Intercept + d[0], fit.Slope + d[1]}))
		}
		other, _ := fitFirth(mirrored)
		require.InDelta(t, fit.Intercept, -other.Intercept, 1e-5)
		require.InDelta(t, fit.Slope, -other.Slope, 1e-5)
	})
}
