package experiments

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

// usually is a point whose triggers are verified at p0 = 0.5, p1 = 0.5, p2 = 0.9,
// whatever its own settings are: those of weakConfig with a change.
func usually(t require.TestingT, name string, bound float64, change func(*config.Config)) SweepPoint {
	point := tinyPoint(t, name, func(c *config.Config) { weakConfig(bound)(c); change(c) })
	verify := tinyPoint(t, name, weakConfig(bound)).Config
	verify.Attackers.Counts, verify.Seed = point.Config.Attackers.Counts, point.Config.Seed
	point.Verify = &verify
	return point
}

// downTheTable is a small table 1: N grows; attacker 0 has a trigger of its own
// size; all have others, and nobody is alone.
func downTheTable(t require.TestingT, bound float64) []SweepPoint {
	p1 := 0.6
	return []SweepPoint{
		usually(t, "N grows", bound, func(*config.Config) {}),
		usually(t, "attacker 0", bound, func(c *config.Config) {
			c.Attackers.Counts, c.Attackers.P1, c.Attackers.P = []int{3}, nil, 0.5
			c.Attackers.Rates = []float64{0.6}
		}),
		usually(t, "all", bound, func(c *config.Config) {
			c.Attackers.Counts, c.Attackers.P1, c.Attackers.Singles = []int{3}, &p1, 0
		}),
	}
}

// kept lists the draws that a game's attackers play with.
func kept(t *testing.T, plan *Plan, hash string) []int {
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
	sweep := newSweep(t, downTheTable(t, 0.8)...)
	_, waiting := wanted(after(t, sweep, nil))
	require.Equal(t, []string{
		"N grows: N = 2", "N grows: N = 3", "attacker 0: attacker 0 alone", "attacker 0: N = 3", "all: N = 3",
	}, waiting, "attackers 1 and 2 are alone in the same games in both of the first points")

	stage := after(t, sweep, map[string]Finding{
		"N grows: attacker 0 alone": percentOf(90), "N grows: attacker 1 alone": percentOf(10),
		"N grows: attacker 1 alone, draw 2": percentOf(20), "N grows: attacker 1 alone, draw 3": percentOf(85),
		"N grows: attacker 2 alone": percentOf(79), "N grows: attacker 2 alone, draw 2": percentOf(80),
		"attacker 0: attacker 0 alone": percentOf(5),
	})
	decided, waiting := wanted(stage)
	require.Empty(t, waiting)
	require.NotContains(t, decided, "attacker 0: attacker 0 alone, draw 2", "its own single ASR is measured, not verified")
	require.Len(t, decided, 3+3+2+1+1+1)
	for i, plan := range stage.Plans {
		last := plan.Games[len(plan.Games)-1]
		require.Equal(t, []int{0, 2, 1}, kept(t, plan, last.Cell), "point %d", i)
		require.Equal(t, stage.Plans[0].Draws, plan.Draws, "point %d", i)
	}
	require.Empty(t, stage.Plans[2].Games[0].Singles)
	require.NotEqual(t, stage.Plans[0].Games[2].Singles[0], stage.Plans[1].Games[0].Singles[0])
	require.Equal(t, stage.Plans[0].Games[2].Singles[1], stage.Plans[1].Games[0].Singles[1])
}

// Where no trigger is drawn again, the models are the same as when every point
// verifies its own.
func TestVerifyingElsewhereChangesNoKeptTrigger(t *testing.T) {
	here, there := downTheTable(t, 0.8), downTheTable(t, 0.8)
	for i := range here {
		here[i].Verify = nil
	}
	own, other := newSweep(t, here...), newSweep(t, there...)
	require.Equal(t, own.Cells, other.Cells)
	ownHash, err := own.Hash()
	require.NoError(t, err)
	otherHash, err := other.Hash()
	require.NoError(t, err)
	require.NotEqual(t, ownHash, otherHash, "but it is another sweep: it may end with other triggers")
}

func TestSettingsThatTriggersAreVerifiedInMustWork(t *testing.T) {
	point := usually(t, "small", 0.8, func(*config.Config) {})
	point.Verify.Pool.Size = 12
	_, err := NewSweep(context.Background(), []SweepPoint{point}, loadTiny)
	require.ErrorIs(t, err, ErrPlan)
	require.ErrorContains(t, err, "plan small: ")
	require.ErrorContains(t, err, "attacker 0 alone, to verify its trigger: ")
}

// The same on trained models: every row has the triggers that were verified, and
// says what they are worth alone where it plays.
func TestSweepCarriesTriggersDownTheTable(t *testing.T) {
	sweep, store := newSweep(t, downTheTable(t, weakBound)...), openStore(t)
	summary, outcome, _ := runSweep(t, sweep, store, 2)
	require.Empty(t, summary.Missing)
	require.Equal(t, outcome.Cells, outcome.Trained)
	var draws [][]Draw
	for _, a := range summary.Points[0].Games[2].Attackers {
		require.Equal(t, a.SingleCell, a.Draws[len(a.Draws)-1].Cell)
		draws = append(draws, a.Draws)
	}
	require.True(t, slices.ContainsFunc(draws, func(d []Draw) bool { return len(d) > 1 }), "some triggers were drawn again")
	for _, point := range summary.Points[1:] {
		require.Equal(t, weakBound, point.MinSingleASR)
		for i, a := range point.Games[0].Attackers {
			require.Equal(t, draws[i], a.Draws, point.Name)
			cell, err := store.Read(a.Model)
			require.NoError(t, err)
			require.Equal(t, draws[i][len(draws[i])-1].Draw, cell.Cell.Game.Attackers[i].Draw)
			if point.Name == "all" {
				require.Nil(t, a.SingleASR)
				continue
			}
			single, err := store.Read(a.SingleCell)
			require.NoError(t, err)
			require.Equal(t, single.Result.Attackers[0].ASR, *a.SingleASR)
			require.Equal(t, single.Result.Attackers[0].Trigger, a.Trigger)
		}
	}
}
