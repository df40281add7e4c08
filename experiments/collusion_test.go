package experiments

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
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
	set, err := tinySet(1)
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

// A model without one colluder's images has seen the same trigger on the other's:
// the attack that agent indexing does not stop.
func TestExactIndexingFailsAgainstColludersOnly(t *testing.T) {
	asr := func(change func(*config.Config)) (undefended, indexed float64) {
		cfg := defendedConfig(t, "indexing")
		cfg.Attackers.Counts, cfg.Model.Width, cfg.Train.Epochs, cfg.Train.LR = []int{2}, 4, 4, 0.05
		change(&cfg)
		plan := defendedPlan(t, cfg)
		scores := func(hash string) []AttackerResult {
			cell, _ := plan.Cell(hash)
			var result Result
			require.NoError(t, readJSON(filepath.Join(played(t, LibTorch{}, cell), ResultFile), &result))
			require.False(t, result.Collapsed)
			return result.Attackers
		}
		for _, a := range scores(plan.Games[0].Cell) {
			undefended += a.ASR.Value() / 2
		}
		for position, answer := range plan.Games[0].Defenders[0].Answers {
			indexed += scores(plan.Games[0].Defenders[0].Models[answer])[position].ASR.Value() / 2
		}
		return undefended, indexed
	}
	// It is 100 % against a few in a hundred; half way leaves room for other
	// processors' arithmetic.
	undefended, indexed := asr(func(*config.Config) {})
	require.Greater(t, undefended, 0.8)
	require.Less(t, indexed, 0.3)
	undefended, indexed = asr(colluding)
	require.Greater(t, undefended, 0.8)
	require.Greater(t, indexed, 0.8)
}
