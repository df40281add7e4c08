package plan_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/internal/enginetest"
)

// kept lists the draws that a game's attackers play with.
func kept(t *testing.T, plan *plan.Plan, hash string) []int {
	t.Helper()
	cell, ok := plan.Cell(hash)
	require.True(t, ok)
	var draws []int
	for _, a := range cell.Game.Attackers {
		draws = append(draws, a.Draw)
	}
	return draws
}

// A trigger that is redrawn in its verification is redrawn in all rows. Its single ASR in these rows does not
// lead to another draw.
func TestKeptTriggersGoDownTheTable(t *testing.T) {
	sweep := enginetest.NewSweep(t, enginetest.DownTheTable(t, 0.8)...)
	_, waiting := enginetest.Wanted(enginetest.After(t, sweep, nil))
	require.Equal(t, []string{
		"N grows: attacker 0 alone on 3 seats", "N grows: attacker 1 alone on 3 seats", "N grows: N = 2 on 3 seats",
		"N grows: attacker 2 alone on 3 seats", "N grows: N = 3",
		"attacker 0: attacker 0 alone on 3 seats", "attacker 0: N = 3", "all: N = 3",
	}, waiting, "attackers 1 and 2 are alone in the same games in both of the first points")

	verifying := func(attacker, draw int) string { return "N grows: " + enginetest.Verifying(attacker, 3, draw) }
	worklist := enginetest.After(t, sweep, map[string]plan.KnownResult{
		verifying(0, 1): enginetest.PercentOf(90), verifying(1, 1): enginetest.PercentOf(10),
		verifying(1, 2): enginetest.PercentOf(20), verifying(1, 3): enginetest.PercentOf(85),
		verifying(2, 1): enginetest.PercentOf(79), verifying(2, 2): enginetest.PercentOf(80),
		"attacker 0: attacker 0 alone on 3 seats": enginetest.PercentOf(5),
	})
	decided, waiting := enginetest.Wanted(worklist)
	require.Empty(t, waiting)
	require.NotContains(t, decided, "attacker 0: "+enginetest.Verifying(0, 3, 2), "its own single ASR is measured, not verified")
	require.Len(t, decided, 1+3+2+3+2+1+1+1)
	for i, plan := range worklist.Plans {
		last := plan.Games[len(plan.Games)-1]
		require.Equal(t, []int{0, 2, 1}, kept(t, plan, last.Cell), "point %d", i)
		require.Equal(t, worklist.Plans[0].Candidates, plan.Candidates, "point %d", i)
	}
	require.Empty(t, worklist.Plans[2].Games[0].Singles)
	require.NotEqual(t, worklist.Plans[0].Games[2].Singles[0], worklist.Plans[1].Games[0].Singles[0])
	require.Equal(t, worklist.Plans[0].Games[2].Singles[1], worklist.Plans[1].Games[0].Singles[1])
}

// If no trigger is redrawn, the models are the same as if every point verified its own.
func TestVerifyingElsewhereChangesNoKeptTrigger(t *testing.T) {
	here, there := enginetest.DownTheTable(t, 0.8), enginetest.DownTheTable(t, 0.8)
	for i := range here {
		here[i].Verify = nil
	}
	own, other := enginetest.NewSweep(t, here...), enginetest.NewSweep(t, there...)
	compared := func(cells []cell.Cell) []cell.Cell {
		return slices.DeleteFunc(slices.Clone(cells), func(c cell.Cell) bool { return c.Training.Seed != nil })
	}
	require.Equal(t, compared(own.Cells), compared(other.Cells))
	ownHash, err := own.Hash()
	require.NoError(t, err)
	otherHash, err := other.Hash()
	require.NoError(t, err)
	require.NotEqual(t, ownHash, otherHash, "but it is another sweep: it may end with other triggers")
}

func TestSettingsThatTriggersAreVerifiedInMustWork(t *testing.T) {
	point := enginetest.Usually(t, "small", 0.8, func(*config.Config) {})
	point.Verify.Pool.Size = 12
	_, err := plan.NewSweep(context.Background(), []plan.SweepPoint{point}, enginetest.Loader)
	require.ErrorIs(t, err, cell.ErrPlan)
	require.ErrorContains(t, err, "plan: small: ")
	require.ErrorContains(t, err, "attacker 0 alone, to verify its trigger: ")
}
