package plan_test

import (
	"context"
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

// A trigger that is drawn again where it is verified is drawn again in all rows;
// what it is worth alone in them asks for no other.
func TestKeptTriggersGoDownTheTable(t *testing.T) {
	sweep := enginetest.NewSweep(t, enginetest.DownTheTable(t, 0.8)...)
	_, waiting := enginetest.Wanted(enginetest.After(t, sweep, nil))
	require.Equal(t, []string{
		"N grows: N = 2", "N grows: N = 3", "attacker 0: attacker 0 alone", "attacker 0: N = 3", "all: N = 3",
	}, waiting, "attackers 1 and 2 are alone in the same games in both of the first points")

	stage := enginetest.After(t, sweep, map[string]plan.KnownResult{
		"N grows: attacker 0 alone": enginetest.PercentOf(90), "N grows: attacker 1 alone": enginetest.PercentOf(10),
		"N grows: attacker 1 alone, draw 2": enginetest.PercentOf(20), "N grows: attacker 1 alone, draw 3": enginetest.PercentOf(85),
		"N grows: attacker 2 alone": enginetest.PercentOf(79), "N grows: attacker 2 alone, draw 2": enginetest.PercentOf(80),
		"attacker 0: attacker 0 alone": enginetest.PercentOf(5),
	})
	decided, waiting := enginetest.Wanted(stage)
	require.Empty(t, waiting)
	require.NotContains(t, decided, "attacker 0: attacker 0 alone, draw 2", "its own single ASR is measured, not verified")
	require.Len(t, decided, 3+3+2+1+1+1)
	for i, plan := range stage.Plans {
		last := plan.Games[len(plan.Games)-1]
		require.Equal(t, []int{0, 2, 1}, kept(t, plan, last.Cell), "point %d", i)
		require.Equal(t, stage.Plans[0].Candidates, plan.Candidates, "point %d", i)
	}
	require.Empty(t, stage.Plans[2].Games[0].Singles)
	require.NotEqual(t, stage.Plans[0].Games[2].Singles[0], stage.Plans[1].Games[0].Singles[0])
	require.Equal(t, stage.Plans[0].Games[2].Singles[1], stage.Plans[1].Games[0].Singles[1])
}

// Where no trigger is drawn again, the models are the same as when every point
// verifies its own.
func TestVerifyingElsewhereChangesNoKeptTrigger(t *testing.T) {
	here, there := enginetest.DownTheTable(t, 0.8), enginetest.DownTheTable(t, 0.8)
	for i := range here {
		here[i].Verify = nil
	}
	own, other := enginetest.NewSweep(t, here...), enginetest.NewSweep(t, there...)
	require.Equal(t, own.Cells, other.Cells)
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
	require.ErrorContains(t, err, "plan small: ")
	require.ErrorContains(t, err, "attacker 0 alone, to verify its trigger: ")
}
