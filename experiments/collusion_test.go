package experiments

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets/testset"
	"backfire/game"
)

// colluding makes attacker 1 a colluder of attacker 0.
func colluding(c *config.Config) { c.Attackers.Colluders = []string{"1=0"} }

func TestColludersArePlannedWithOneTriggerAndTarget(t *testing.T) {
	cfg, err := tinyConfig()
	require.NoError(t, err)
	colluding(&cfg)
	cfg.Attackers.Labels, cfg.Attackers.Rates = "random", []float64{0.3, 0.6}
	plan := defendedPlan(t, cfg)
	cell, _ := plan.Cell(plan.Games[1].Cell)
	attackers := cell.Game.Attackers
	require.Equal(t, 0, *attackers[1].Colludes)
	require.Equal(t, attackers[0].Trigger, attackers[1].Trigger)
	require.Equal(t, attackers[0].Target, attackers[1].Target)
	require.InDelta(t, 0.6, attackers[1].PoisonRate, 0, "its poison rate is its own")
	alone, _ := plan.Cell(plan.Games[1].Singles[1])
	require.Equal(t, []game.Attacker{attackers[1]}, alone.Game.Attackers)

	cfg.Attackers.Labels, cfg.Attackers.Targets = "list", []string{"east", "west", "east", "west"}
	set, err := testset.New(1)
	require.NoError(t, err)
	_, err = NewPlan(cfg, set)
	require.ErrorIs(t, err, ErrPlan)
	require.ErrorContains(t, err, "attackers 0 and 1 collude (attackers.colluders), but want east and west: give them the same")
}

// The colluder has no trigger to prove: it waits for its leader's, and follows it.
func TestColluderFollowsTheTriggerThatItsLeaderKeeps(t *testing.T) {
	sweep := newSweep(t, tinyPoint(t, "", func(c *config.Config) {
		verified(0.8)(c)
		colluding(c)
		c.Attackers.Counts, c.Attackers.Singles = []int{2}, 2
	}))
	stage := after(t, sweep, map[string]Finding{"attacker 0 alone": percentOf(10)})
	decided, waiting := wanted(stage)
	require.Equal(t, []string{"attacker 0 alone", "attacker 0 alone, draw 2"}, decided)
	require.Equal(t, []string{"attacker 1 alone, draw 2", "N = 2"}, waiting)
	stage = after(t, sweep, map[string]Finding{"attacker 0 alone": percentOf(10), "attacker 0 alone, draw 2": percentOf(90)})
	decided, waiting = wanted(stage)
	require.Equal(t, []string{"attacker 0 alone", "attacker 0 alone, draw 2", "attacker 1 alone, draw 2", "N = 2"}, decided)
	require.Empty(t, waiting)
	require.NotContains(t, stage.Plans[0].Draws, 1)
}
