package claims

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/stats"
)

// The limits of a correlation lie in [-1, 1] and those of a standard accuracy in its range, and the
// estimate lies between them.
func TestLimitsArePossible(t *testing.T) {
	for name, like := range map[string]Statistic{
		"correlation":                   {Unit: Correlation, within: stats.Range{Low: -1, High: 1}},
		"standard accuracy":             {Measure: CleanAccuracy, within: stats.Range{Low: 0, High: 1}},
		"change of a standard accuracy": {Measure: CleanAccuracy, within: stats.Range{Low: -1, High: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := like
				for seed, v := range rapid.SliceOfN(rapid.Float64Range(s.within.Low, s.within.High), 6, 12).Draw(t, "values") {
					s.PerSeed = append(s.PerSeed, SeedValue{Seed: uint64(seed), Value: v})
				}
				require.NoError(t, s.judge())
				require.LessOrEqual(t, s.within.Low, float64(s.Low))
				require.GreaterOrEqual(t, s.within.High, float64(s.High))
				require.LessOrEqual(t, s.Low, s.Estimate)
				require.LessOrEqual(t, s.Estimate, s.High)
			})
		})
	}
}
