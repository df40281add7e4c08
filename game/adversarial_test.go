package game_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets/testset"
	"backfire/game"
	"backfire/triggers"
)

// adversarialRules returns a game whose attackers have adversarial triggers.
func adversarialRules(attackers ...int) game.Rules {
	r := game.Rules{Seed: 7, PoolSize: 160, DefenderShare: 0.25, HeldOut: 0.25, Seats: 4, Sampling: game.PerAgent, Denominator: game.Own}
	for _, id := range attackers {
		r.Attackers = append(r.Attackers, game.Attacker{
			ID: id, Target: id, PoisonRate: 0.5, LabelMode: game.DirtyLabel,
			Trigger: triggers.Spec{Kind: triggers.Adversarial, Attack: triggers.Attack{Epsilon: 12, StepSize: 3, Steps: 6, SurrogateSteps: 40}},
		})
	}
	return r
}

func TestAdversarialTriggers(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	among, err := game.New(set, adversarialRules(0, 1, 3))
	require.NoError(t, err)
	alone, err := game.New(set, adversarialRules(1))
	require.NoError(t, err)
	drawn := among.Triggers()
	require.Equal(t, alone.Triggers()[0], drawn[1], "the trigger follows from the attacker's own images")
	require.NotEqual(t, drawn[0].ID(), drawn[1].ID())
	require.Empty(t, among.Overlaps())
	require.Equal(t, int64(40*32), among.Rules().Attackers[0].SurrogateImages())
	for _, trigger := range drawn {
		require.Equal(t, triggers.Add, trigger.Effect)
		changed := 0
		for _, v := range trigger.Pattern {
			require.InDelta(t, triggers.Neutral, int(v), 12)
			if v != triggers.Neutral {
				changed++
			}
		}
		require.Greater(t, changed, len(trigger.Pattern)/2)
	}

	again := adversarialRules(1)
	again.Attackers[0].Draw = 1
	other, err := game.New(set, again)
	require.NoError(t, err)
	require.NotEqual(t, drawn[1].ID(), other.Triggers()[0].ID(), "another draw has another surrogate")
	seed := uint64(8)
	again = adversarialRules(1)
	again.TriggerSeed = &seed
	other, err = game.New(set, again)
	require.NoError(t, err)
	require.NotEqual(t, drawn[1].ID(), other.Triggers()[0].ID())
}

// With sampling per_image each image has its own perturbation.
func TestAdversarialTriggersOfImages(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	rules := adversarialRules(2)
	rules.Sampling = game.PerImage
	g, err := game.New(set, rules)
	require.NoError(t, err)
	require.Empty(t, g.Triggers())
	held := g.Deal().Attackers[0].HeldOut
	first, second := g.TriggerOf(0, held[0]), g.TriggerOf(0, held[1])
	require.NotEqual(t, first.ID(), second.ID())
	require.Equal(t, first, g.TriggerOf(0, held[0]))
}

func TestAdversarialTriggersAreRefused(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	leader := 0
	for name, change := range map[string]func(*game.Rules){
		"colludes":  func(r *game.Rules) { r.Attackers[1].Colludes, r.Attackers[1].Target = &leader, 0 },
		"mapping":   func(r *game.Rules) { r.Attackers[0].Mapping = game.AllToAll },
		"jitter":    func(r *game.Rules) { r.Jitter = 0.5 },
		"epsilon":   func(r *game.Rules) { r.Attackers[0].Trigger.Epsilon = 128 },
		"step_size": func(r *game.Rules) { r.Attackers[0].Trigger.StepSize = 0 },
		"steps":     func(r *game.Rules) { r.Attackers[0].Trigger.Steps = 0 },
		"surrogate": func(r *game.Rules) { r.Attackers[0].Trigger.SurrogateSteps = 0 },
		"place":     func(r *game.Rules) { r.Attackers[0].Trigger.Side = 3 },
		"only a trigger of kind adversarial": func(r *game.Rules) {
			r.Attackers[0].Trigger.Kind, r.Attackers[0].Trigger.Side = triggers.Patch, 3
		},
	} {
		rules := adversarialRules(0, 1)
		change(&rules)
		_, err := game.New(set, rules)
		require.ErrorIs(t, err, game.ErrRules, name)
		require.ErrorContains(t, err, name)
	}
}
