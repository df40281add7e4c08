package game_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/game"
	"backfire/triggers"
)

func TestTriggersBelongToIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "game")
		s.rules.Sampling = game.PerAgent
		g, err := game.New(s.set, s.rules)
		if err != nil {
			require.ErrorIs(t, err, game.ErrCollision)
			t.Skip("two triggers collide")
		}
		byID := map[int]*triggers.Trigger{}
		for i, a := range s.rules.Attackers {
			byID[a.ID] = g.Triggers()[i]
			require.Equal(t, g.Triggers()[i].ID(), byID[a.ID].ID())
		}

		order := rapid.Permutation(s.rules.Attackers).Draw(t, "order")
		permuted := s
		permuted.rules.Attackers = order
		if permuted.rules.Validate(s.set) == nil {
			for i, trigger := range permuted.play(t).Triggers() {
				require.Equal(t, byID[order[i].ID], trigger, "in another order")
			}
		}
		for i, a := range s.rules.Attackers {
			for name, some := range map[string][]game.Attacker{"alone": {a}, "the first ones": s.rules.Attackers[:i+1]} {
				other := s
				other.rules.Attackers = some
				if other.rules.Validate(s.set) == nil {
					require.Equal(t, byID[a.ID], other.play(t).Triggers()[len(some)-1], name)
				}
			}
		}
	})
}

func TestFirstTriggersAreShared(t *testing.T) {
	set := newSet(t, evenLabels(4000, 10), 10, triggers.Shape{C: 3, H: 16, W: 16})
	all := scenario{set, paperRules(100)}.play(t)
	for _, n := range []int{1, 2, 5, 10, 99} {
		require.Equal(t, all.Triggers()[:n], scenario{set, paperRules(n)}.play(t).Triggers())
	}
	names := map[string]bool{}
	for _, trigger := range all.Triggers() {
		names[trigger.ID()] = true
	}
	require.Len(t, names, 100)
}

// On images of two grey pixels there are few distinct triggers, so that two of
// many attackers draw the same one.
func TestCollisionIsRefused(t *testing.T) {
	set := newSet(t, evenLabels(4000, 2), 2, triggers.Shape{C: 1, H: 1, W: 2})
	rules := paperRules(100)
	for i := range rules.Attackers {
		rules.Attackers[i].Target = 1
	}
	_, err := game.New(set, rules)
	require.ErrorIs(t, err, game.ErrCollision)
	require.ErrorContains(t, err, "choose another seed or larger p1 and p2")
	require.NoError(t, rules.Validate(set), "the rules themselves are valid")

	rules.Sampling = game.PerImage
	g := scenario{set, rules}.play(t)
	require.Empty(t, g.Triggers())
	require.Empty(t, g.Overlaps())
}

func TestLargeOverlapsAreRecorded(t *testing.T) {
	set := newSet(t, evenLabels(600, 3), 3, triggers.Shape{C: 3, H: 8, W: 8})
	rules := paperRules(3)
	for i := range rules.Attackers {
		rules.Attackers[i].ID += 10
	}
	rules.Attackers[0].Trigger = triggers.Spec{P1: 1, P2: 1, Range: triggers.Area}
	rules.Attackers[2].Trigger = triggers.Spec{P1: 0.75, P2: 1, Range: triggers.PerDimension}
	g := scenario{set, rules}.play(t)
	overlaps := g.Overlaps()
	require.Len(t, overlaps, 1, "36 of 64 pixels in common are a large overlap, 1 is not")
	require.Equal(t, []int{10, 12}, []int{overlaps[0].A, overlaps[0].B})
	require.Equal(t, triggers.Compare(g.Triggers()[0], g.Triggers()[2]), overlaps[0].Overlap)
	require.InDelta(t, 36.0/64, overlaps[0].Jaccard, 1e-15) // one division, exact up to its rounding
}

func TestGameIsDeterministicAndSeeded(t *testing.T) {
	set := newSet(t, evenLabels(500, 5), 5, tiny)
	rules := paperRules(2)
	rules.Attackers[0].Trigger.P2 = 1
	a, b := scenario{set, rules}.play(t), scenario{set, rules}.play(t)
	require.Equal(t, a.Training(), b.Training())
	require.Equal(t, a.Probes(), b.Probes())
	rules.Seed++
	c := scenario{set, rules}.play(t)
	require.NotEqual(t, a.Deal().Pool, c.Deal().Pool)
	require.NotEqual(t, a.Triggers(), c.Triggers())
	require.False(t, slices.Equal(a.Training().Images, c.Training().Images))
}

// Draw 0 is the attacker's original trigger. The other draws give other triggers
// and change neither the deal nor the poisoned images.
func TestDrawChoosesAnotherTrigger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := newSet(t, evenLabels(100, 5), 5, triggers.Shape{C: 3, H: 12, W: 12})
		rules := paperRules(3)
		rules.Seed = rapid.Uint64().Draw(t, "seed")
		first, err := game.New(set, rules)
		require.NoError(t, err)
		seen := map[string]bool{}
		for draw := range 5 {
			rules.Attackers[1].Draw = draw
			g, err := game.New(set, rules)
			require.NoError(t, err)
			require.Equal(t, first.Deal(), g.Deal())
			require.Equal(t, first.Triggers()[0], g.Triggers()[0])
			require.Equal(t, first.Triggers()[2], g.Triggers()[2])
			require.Equal(t, first.Training().Rows, g.Training().Rows)
			seen[g.Triggers()[1].ID()] = true
			if draw == 0 {
				require.Equal(t, first.Triggers()[1], g.Triggers()[1])
			}
		}
		require.Len(t, seen, 5)
	})
}

// Rules written before draws existed mean the first draw, whose spelling must
// not change.
func TestFirstDrawIsNotWritten(t *testing.T) {
	first, err := json.Marshal(paperRules(1).Attackers[0])
	require.NoError(t, err)
	require.NotContains(t, string(first), "draw")
	attacker := paperRules(1).Attackers[0]
	attacker.Draw = 3
	later, err := json.Marshal(attacker)
	require.NoError(t, err)
	require.Contains(t, string(later), `"draw":3`)
}
