package equilibrium_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/equilibrium"
)

func TestTmpCoverage(t *testing.T) {
	if os.Getenv("COV") == "" {
		t.Skip()
	}
	trials := 400
	for _, four := range []bool{false, true} {
		rates := []float64{0.2, 0.5, 0.9}
		if four {
			rates = []float64{0.05, 0.2, 0.5, 0.9}
		}
		g, err := equilibrium.NewGame(3, len(rates), func(p equilibrium.Profile, s int) float64 {
			return rates[s] * (2.6 - 3*p.Mean(rates)) / 2
		})
		require.NoError(t, err)
		truth := g.Symmetric().Equilibria
		fmt.Println(len(truth), truth[0].Mixture)
		want := truth[0].Mixture.Mean(rates)
		for _, seeds := range []int{6, 10} {
			for _, noise := range []float64{0.01, 0.03} {
				line := fmt.Sprintf("four=%v seeds=%d noise=%v:", four, seeds, noise)
				for _, level := range []float64{0.95, 0.975, 0.98, 0.99} {
					rec := make([]int, trials/100)
					width := 0.0
					for trial := range trials {
						s := noisy(t, g, seeds, noise, seeded(uint64(1000+trial)))
						a, err := s.Resample(equilibrium.Options{Attribute: rates, Resamples: 200, Starts: 1, Level: level})
						require.NoError(t, err)
						if slices.ContainsFunc(a.Mixtures, func(m equilibrium.MixtureAnswer) bool { return m.Attribute.Interval.Contains(want) }) {
							rec[trial/100]++
						}
						if len(a.Mixtures) > 0 {
							width += float64(a.Mixtures[0].Attribute.Interval.High-a.Mixtures[0].Attribute.Interval.Low) / float64(trials)
						}
					}
					line += fmt.Sprintf("  %v: %v (%.3f)", level, rec, width)
				}
				fmt.Println(line)
			}
		}
	}
}
