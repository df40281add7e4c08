package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/stats"
)

// Claim C8 stands below a table whose sweep measured divergences, and only there.
func TestDivergenceIsJudgedWhereItWasMeasured(t *testing.T) {
	s := sweep("mnist", []uint64{1, 2, 3}, points1()...)
	made, err := New(Table1, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	for _, v := range made.Verdicts {
		require.NotEqual(t, "C8", v.Claim)
	}

	// The lower the ASR, the farther away; the farthest have an MMD of 0.9.
	for _, point := range s.Points {
		for _, g := range point.Games {
			for i, a := range g.Attackers {
				apart := stats.Number(0.9 - 0.9*a.ASR.Value())
				g.Attackers[i].Divergence = &store.AttackerDivergence{MMD2: apart * apart, JS: 0.1}
			}
		}
	}
	made, err = New(Table1, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	last := made.Verdicts[len(made.Verdicts)-1]
	require.Equal(t, "C8", last.Claim)
	require.EqualValues(t, "supported", last.Outcome)
	correlations := func() string {
		i := slices.IndexFunc(made.Notes, func(note string) bool { return strings.HasPrefix(note, "Rank correlation ") })
		require.NotEqual(t, -1, i)
		return made.Notes[i]
	}
	require.Contains(t, correlations(), "none: MMD² (eq. 1) -1.00, -1.00 (n = ")
	require.NotContains(t, correlations(), "JS", "it does not vary")

	// Without a defense, and with one, each for itself; what does not exist does not count.
	for _, point := range s.Points {
		for _, g := range point.Games {
			for i := range g.Attackers {
				g.Attackers[i].Divergence.TriggeredJS = stats.Undefined()
				g.Attackers[i].Divergence.TriggeredMMD2 = stats.Number(g.Attackers[i].ASR.Value())
			}
		}
	}
	made, err = New(Table1, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	require.Contains(t, correlations(), "; MMD² of the images with triggers (eq. 2) +1.00, +1.00 (n = ")
	made, err = New(Table1, sweep("mnist", []uint64{1}, points1()...), "mnist", Options{Result: result})
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(made.Notes, func(note string) bool { return strings.HasPrefix(note, "Rank ") }))
}

func TestDistanceIsTheRootOfWhatIsAboveZero(t *testing.T) {
	require.False(t, distance(nil).Defined())
	require.False(t, distance(&store.AttackerDivergence{MMD2: stats.Undefined()}).Defined())
	require.Zero(t, distance(&store.AttackerDivergence{MMD2: -0.01}))
	require.InDelta(t, 0.3, float64(distance(&store.AttackerDivergence{MMD2: 0.09})), 1e-15) // one rounding
}
