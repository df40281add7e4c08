package game_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/game"
	"backfire/triggers"
)

// orthogonalRules returns the rules of attackers with the given IDs and orthogonal
// triggers.
func orthogonalRules(ids ...int) game.Rules {
	r := paperRules(len(ids))
	for i, id := range ids {
		r.Attackers[i].ID = id
		r.Attackers[i].Trigger = triggers.Spec{Kind: triggers.Orthogonal, P2: 0.5, Range: triggers.Whole}
	}
	return r
}

// The trigger of an attacker is the same in the game of any subset of attackers, for
// every kind, and those of orthogonal triggers stay orthogonal to each other.
func TestTriggersAreTheSameForEverySubset(t *testing.T) {
	set := newSet(t, evenLabels(400, 4), 4, triggers.Shape{C: 3, H: 8, W: 8})
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.Permutation([]int{0, 1, 2, 3, 4, 5}).Draw(t, "attackers")
		all, some := orthogonalRules(ids...), orthogonalRules(ids[:rapid.IntRange(1, 6).Draw(t, "subset")]...)
		kind := rapid.SampledFrom([]triggers.Kind{triggers.Random, triggers.Orthogonal}).Draw(t, "kind")
		seed := rapid.Uint64().Draw(t, "seed")
		for _, r := range []*game.Rules{&all, &some} {
			r.Seed = seed
			for i := range r.Attackers {
				r.Attackers[i].Trigger.Kind = kind
			}
		}
		large, small := scenario{set, all}.play(t), scenario{set, some}.play(t)
		for i, trigger := range small.Triggers() {
			require.Equal(t, large.Triggers()[i], trigger)
		}
		if kind != triggers.Orthogonal {
			return
		}
		require.Empty(t, large.Overlaps(), "their pixels are the same by design")
		a, b := large.Triggers()[0], large.Triggers()[5]
		dot := 0
		for v := range a.Pattern {
			if a.Mask[v%64] == 1 {
				dot += (2*int(a.Pattern[v]) - 255) * (2*int(b.Pattern[v]) - 255)
			}
		}
		require.Zero(t, dot)
	})
}

func TestBadOrthogonalTriggersAreRefused(t *testing.T) {
	set := newSet(t, evenLabels(400, 4), 4, triggers.Shape{C: 1, H: 8, W: 8})
	for want, change := range map[string]func(r *game.Rules){
		"its trigger is one of a set of orthogonal ones, which is drawn once: draw must be 0":     func(r *game.Rules) { r.Attackers[1].Draw = 1 },
		"which is drawn once: draw must be 0 and sampling per_agent":                              func(r *game.Rules) { r.Sampling = game.PerImage },
		"attackers 0 and 1 have orthogonal triggers of different sizes, which are not orthogonal": func(r *game.Rules) { r.Attackers[1].Trigger.P2 = 0.6 },
		"attacker 64: triggers: bad trigger: of triggers of ":                                     func(r *game.Rules) { r.Attackers[1].ID = 64 },
	} {
		rules := orthogonalRules(0, 1)
		change(&rules)
		_, err := game.New(set, rules)
		require.ErrorIs(t, err, game.ErrRules)
		require.ErrorContains(t, err, want)
	}
	// A colluder has its leader's trigger, whatever its own number.
	rules := orthogonalRules(0, 64)
	leader := 0
	rules.Attackers[1].Colludes = &leader
	g := scenario{set, rules}.play(t)
	require.Equal(t, g.Triggers()[0], g.Triggers()[1])
}
