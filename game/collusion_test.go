package game_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/game"
	"backfire/triggers"
)

// with returns the attacker as a colluder of the attacker with the ID partner.
func with(a game.Attacker, partner int) game.Attacker {
	a.Colludes = &partner
	return a
}

// Colluders stamp one trigger, but each keeps its own images and its own choice
// of those to poison.
func TestColludersShareOneTrigger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := newSet(t, evenLabels(300, 5), 5, triggers.Shape{C: 3, H: 12, W: 12})
		independent := paperRules(3)
		independent.Seed = rapid.Uint64().Draw(t, "seed")
		for i := range independent.Attackers {
			independent.Attackers[i].Draw = rapid.IntRange(0, 1).Draw(t, "draw")
		}
		rules := independent
		rules.Attackers = []game.Attacker{independent.Attackers[0], with(independent.Attackers[1], 0), independent.Attackers[2]}
		rules.Attackers[1].Draw = rules.Attackers[0].Draw
		rules.Attackers[1].PoisonRate = 0.5

		g := scenario{set, rules}.play(t)
		apart := scenario{set, independent}.play(t)
		require.Equal(t, apart.Triggers()[0], g.Triggers()[0])
		require.Equal(t, apart.Triggers()[0], g.Triggers()[1])
		require.Equal(t, apart.Triggers()[2], g.Triggers()[2])
		require.Equal(t, apart.Deal(), g.Deal())
		require.Contains(t, g.Overlaps(), game.PairOverlap{A: 0, B: 1, Overlap: triggers.Compare(g.Triggers()[0], g.Triggers()[1]), Declared: true})

		alone := rules
		alone.Attackers = rules.Attackers[1:2]
		require.Equal(t, g.Triggers()[:1], scenario{set, alone}.play(t).Triggers(), "without the attacker it colludes with")

		score, err := g.Score(make([]uint16, g.Probes().N))
		require.NoError(t, err)
		require.Equal(t, 0, *score.Attackers[1].Colludes)
		require.Equal(t, score.Attackers[0].Trigger, score.Attackers[1].Trigger)
		require.Nil(t, score.Attackers[0].Colludes)
	})
}

// On the images of two pixels on which undeclared triggers collide, declared
// ones are accepted.
func TestOnlyDeclaredCollisionsAreAllowed(t *testing.T) {
	set := newSet(t, evenLabels(60, 2), 2, triggers.Shape{C: 1, H: 1, W: 2})
	rules := paperRules(2)
	rules.DefenderShare = 0.2
	for i := range rules.Attackers {
		rules.Attackers[i].Target = 1
	}
	rules.Attackers[1] = with(rules.Attackers[1], 0)
	g := scenario{set, rules}.play(t)
	require.Len(t, g.Overlaps(), 1)
	require.Equal(t, g.Triggers()[0], g.Triggers()[1])
}

func TestCollusionThatContradictsItselfIsRefused(t *testing.T) {
	set := newSet(t, evenLabels(600, 3), 3, triggers.Shape{C: 1, H: 8, W: 8})
	for name, c := range map[string]struct {
		change func(r *game.Rules)
		says   string
	}{
		"itself":       {func(r *game.Rules) { r.Attackers[1] = with(r.Attackers[1], 1) }, "attacker 1 colludes with itself"},
		"no ID":        {func(r *game.Rules) { r.Attackers[1] = with(r.Attackers[1], -1) }, "IDs must be at least 0"},
		"a colluder":   {func(r *game.Rules) { r.Attackers[2] = with(r.Attackers[2], 1) }, "attacker 2 colludes with attacker 1, whose own trigger is attacker 0's: name attacker 0"},
		"other target": {func(r *game.Rules) { r.Attackers[1].Target = 0 }, "their targets are 2 and 0"},
		"other box":    {func(r *game.Rules) { r.Attackers[1].Trigger.P1 = 0.5 }, "p1, p2, range and draw must be the same"},
		"other draw":   {func(r *game.Rules) { r.Attackers[1].Draw = 1 }, "p1, p2, range and draw must be the same"},
		"per image":    {func(r *game.Rules) { r.Sampling = game.PerImage }, "there is no trigger to share"},
		"two colluders of an absent attacker": {func(r *game.Rules) {
			r.Attackers = []game.Attacker{with(r.Attackers[1], 7), with(r.Attackers[2], 7)}
			r.Attackers[1].Target = 0
		}, "attackers 1 and 2 collude"},
	} {
		t.Run(name, func(t *testing.T) {
			rules := paperRules(3)
			rules.Attackers[1] = with(rules.Attackers[1], 0)
			require.NoError(t, rules.Validate(set))
			c.change(&rules)
			err := rules.Validate(set)
			require.ErrorIs(t, err, game.ErrRules)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// Rules written before collusion existed mean independent attackers, whose
// spelling must not change.
func TestIndependenceIsNotWritten(t *testing.T) {
	text, err := json.Marshal(paperRules(1).Attackers[0])
	require.NoError(t, err)
	require.NotContains(t, string(text), "colludes")
	text, err = json.Marshal(with(paperRules(1).Attackers[0], 0))
	require.NoError(t, err)
	require.Contains(t, string(text), `"colludes":0`)
}
