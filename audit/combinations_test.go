package audit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/audit"
	"backfire/audit/design"
)

// perImageDistinctExactly is an interference of -0.4 where the first two factors both have their high level.
func perImageDistinctExactly(high design.Effect, _, _ int) float64 {
	if both := design.Main(0) | design.Main(1); high&both == both {
		return -0.4
	}
	return 0
}

// Interference at one combination alone is shown there and nowhere else, whether the audit has a phase diagram, and
// names its factors, or not.
func TestCombinationsShowWhereInterferenceIs(t *testing.T) {
	world := surface{exact: true, lift: constant(0.8), interference: perImageDistinctExactly}
	for name, change := range map[string]func(*audit.Spec){
		"strongest":     func(*audit.Spec) {},
		"named":         func(s *audit.Spec) { s.Phase.Pair = []string{"labels", "sampling"} },
		"without phase": func(s *audit.Spec) { s.Phase = nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := spec()
			change(&s)
			require.NoError(t, s.Check())
			r := world.run(t, &s, 1)
			require.Len(t, r.Combinations, 8, "four combinations at two N")
			for _, c := range r.Combinations {
				want := 0.0
				if c.Reading == "sampling = per image, labels = distinct" {
					want = -0.4
				}
				require.InDelta(t, want, float64(c.Interference), 1e-9, "%s, N = %d", c.Reading, c.N)
				require.InDelta(t, 0.8, float64(c.Single), 1e-9)
				require.InDelta(t, 0.8+want, float64(c.Lift), 1e-9)
				require.Len(t, c.PerSeed, 6)
				require.LessOrEqual(t, float64(c.Low), want)
				require.GreaterOrEqual(t, float64(c.High), want)
			}
		})
	}
}

// Without a game of the screening there is nothing to show.
func TestCombinationsNeedGames(t *testing.T) {
	s := spec()
	require.NoError(t, s.Check())
	r, err := s.Analyze(nil, "mnist", 1)
	require.NoError(t, err)
	require.Empty(t, r.Combinations)
}
