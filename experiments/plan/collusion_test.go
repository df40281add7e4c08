package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets/testset"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/game"
	"backfire/internal/enginetest"
)

// colluding makes attacker 1 a colluder of attacker 0.
func colluding(c *config.Config) { c.Attackers.Colluders = []string{"1=0"} }

func TestColludersArePlannedWithOneTriggerAndTarget(t *testing.T) {
	cfg, err := enginetest.Config()
	require.NoError(t, err)
	colluding(&cfg)
	cfg.Attackers.Labels, cfg.Attackers.Rates = "random", []float64{0.3, 0.6}
	p := enginetest.DefendedPlan(t, cfg)
	c, _ := p.Cell(p.Games[1].Cell)
	attackers := c.Game.Attackers
	require.Equal(t, 0, *attackers[1].Colludes)
	require.Equal(t, attackers[0].Trigger, attackers[1].Trigger)
	require.Equal(t, attackers[0].Target, attackers[1].Target)
	require.InDelta(t, 0.6, attackers[1].PoisonRate, 0, "its poison rate is its own")
	alone, _ := p.Cell(p.Games[1].Singles[1])
	require.Equal(t, []game.Attacker{attackers[1]}, alone.Game.Attackers)

	cfg.Attackers.Labels, cfg.Attackers.Targets = "list", []string{"east", "west", "east", "west"}
	set, err := testset.New(1)
	require.NoError(t, err)
	_, err = plan.New(cfg, set)
	require.ErrorIs(t, err, cell.ErrPlan)
	require.ErrorContains(t, err, "attackers 0 and 1 collude (attackers.colluders), but want east and west: give them the same")
}

// A colluder has no trigger to verify: it waits for that of its leader, and follows it.
func TestColluderFollowsTheTriggerThatItsLeaderKeeps(t *testing.T) {
	sweep := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) {
		enginetest.Verified(0.8)(c)
		colluding(c)
		c.Attackers.Counts, c.Attackers.Singles = []int{2}, 2
	}))
	worklist := enginetest.After(t, sweep, map[string]plan.KnownResult{enginetest.Verifying(0, 2, 1): enginetest.PercentOf(10)})
	decided, waiting := enginetest.Wanted(worklist)
	require.Equal(t, []string{enginetest.Verifying(0, 2, 1), enginetest.Verifying(0, 2, 2)}, decided)
	require.Equal(t, []string{"attacker 0 alone on 2 seats, draw 2", "attacker 1 alone on 2 seats, draw 2", "N = 2"}, waiting)
	worklist = enginetest.After(t, sweep, map[string]plan.KnownResult{enginetest.Verifying(0, 2, 1): enginetest.PercentOf(10), enginetest.Verifying(0, 2, 2): enginetest.PercentOf(90)})
	decided, waiting = enginetest.Wanted(worklist)
	require.Equal(t, []string{
		enginetest.Verifying(0, 2, 1), enginetest.Verifying(0, 2, 2), "attacker 0 alone on 2 seats, draw 2", "attacker 1 alone on 2 seats, draw 2", "N = 2",
	}, decided)
	require.Empty(t, waiting)
	require.NotContains(t, worklist.Plans[0].Candidates, 1)
}
