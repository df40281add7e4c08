package defenses_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/datasets"
	"backfire/defenses"
	"backfire/defenses/indexing"
	"backfire/game"
	"backfire/internal/streams"
	"backfire/triggers"
)

// play returns a game of random images with the given number of attackers.
func play(t require.TestingT, shape triggers.Shape, images, attackers int, seed uint64) *game.Game {
	values, labels := make([]uint8, images*shape.Size()), make([]uint8, images)
	rng := streams.New(1, "test images")
	for i := range values {
		values[i] = uint8(rng.UintN(256))
	}
	for i := range labels {
		labels[i] = uint8(i % 4)
	}
	set, err := datasets.New("test", values, labels, shape.C, shape.H, shape.W, []string{"a", "b", "c", "d"})
	require.NoError(t, err)
	rules := game.Rules{
		Seed: seed, DefenderShare: 0.4, HeldOut: 0.2,
		Sampling: game.PerAgent, ExcludeTargetClass: true, Denominator: game.Own,
	}
	for id := range attackers {
		rules.Attackers = append(rules.Attackers, game.Attacker{
			ID: id, Target: 2, PoisonRate: 0.5, Trigger: triggers.Spec{P1: 0.6, P2: 0.5, Range: triggers.PerDimension}, LabelMode: game.DirtyLabel,
		})
	}
	g, err := game.New(set, rules)
	require.NoError(t, err)
	return g
}

func TestAugment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := triggers.Shape{C: rapid.SampledFrom([]int{1, 3}).Draw(t, "channels"), H: 6, W: 5}
		seed := rapid.Uint64().Draw(t, "seed")
		g := play(t, shape, 150, rapid.IntRange(1, 4).Draw(t, "attackers"), seed)
		before := g.Training()
		a := defenses.AgentAugmentation{
			Agents: rapid.IntRange(1, 9).Draw(t, "agents"), Clean: float64(rapid.IntRange(0, 80).Draw(t, "clean")) / 100,
			Spec: triggers.Spec{P1: 0.6, P2: 0.5, Range: triggers.PerDimension},
		}
		after, err := defenses.Augment(before, a, g.Triggers(), seed)
		require.NoError(t, err)
		require.Equal(t, g.Training(), before, "the training set is unchanged")
		require.Equal(t, before.Rows, after.Rows)
		require.Equal(t, before.Labels, after.Labels, "true labels are kept")
		require.Len(t, after.Triggers, a.Agents)

		own, stamped := 0, make([]int, a.Agents)
		size := shape.Size()
		for i, row := range before.Rows {
			want := slices.Clone(before.Images[i*size : (i+1)*size])
			if k := after.Simulated[i]; k != defenses.NotSimulated {
				require.Equal(t, game.Defender, row.Owner, "other owners' rows are not stamped")
				after.Triggers[k].Stamp(want)
				stamped[k]++
			}
			if row.Owner == game.Defender {
				own++
			}
			require.Equal(t, want, after.Images[i*size:(i+1)*size])
		}
		total := 0
		for _, n := range stamped {
			total += n
		}
		require.InDelta(t, (1-a.Clean)*float64(own), float64(total), 0.5+1e-9)
		require.LessOrEqual(t, slices.Max(stamped)-slices.Min(stamped), 1, "shares are equal")

		all := append(slices.Clone(g.Triggers()), after.Triggers...)
		for i, x := range all {
			for _, y := range all[:i] {
				require.False(t, triggers.Compare(x, y).Collides())
			}
		}

		// Agents may be left out before or after.
		left := indexing.Select(before, nil)
		alone, err := defenses.Augment(left, a, g.Triggers(), seed)
		require.NoError(t, err)
		require.Equal(t, indexing.Select(after.TrainingSet, nil), alone.TrainingSet)

		// One more simulated attacker does not change the triggers of the others.
		a.Agents++
		more, err := defenses.Augment(before, a, g.Triggers(), seed)
		require.NoError(t, err)
		require.Equal(t, after.Triggers, more.Triggers[:len(after.Triggers)])
	})
}

func TestAugmentAvoidsTriggersThatAreTaken(t *testing.T) {
	g := play(t, triggers.Shape{C: 1, H: 4, W: 4}, 60, 1, 1)
	a := defenses.AgentAugmentation{Agents: 3, Clean: 0.4, Spec: triggers.Spec{P1: 0.1, P2: 1, Range: triggers.PerDimension}}
	free, err := defenses.Augment(g.Training(), a, nil, 1)
	require.NoError(t, err)
	taken, err := defenses.Augment(g.Training(), a, free.Triggers[1:2], 1)
	require.NoError(t, err)
	require.Equal(t, free.Triggers[0], taken.Triggers[0])
	require.NotEqual(t, free.Triggers[1], taken.Triggers[1])
	require.Equal(t, free.Triggers[2], taken.Triggers[2])

	// 4 x 4 grey pixels have 4,096 triggers of one pixel, all of which are taken.
	var all []*triggers.Trigger
	for at := range 16 {
		for value := range 256 {
			one := &triggers.Trigger{
				Shape: g.Training().Shape, Box: triggers.Box{X: at % 4, Y: at / 4, W: 1, H: 1},
				Mask: make([]uint8, 16), Pattern: make([]uint8, 16),
			}
			one.Mask[at], one.Pattern[at] = 1, uint8(value)
			all = append(all, one)
		}
	}
	_, err = defenses.Augment(g.Training(), a, all, 1)
	require.ErrorIs(t, err, defenses.ErrCollision)
}

func TestAugmentRefuses(t *testing.T) {
	g := play(t, triggers.Shape{C: 1, H: 4, W: 4}, 50, 1, 1)
	a := *defaultOf[defenses.AgentAugmentation](t, defenses.KindAgentAugmentation)
	// The defender contributes 16 of its 20 images, of which 10 are stamped.
	_, err := defenses.Augment(g.Training(), a, nil, 1)
	require.NoError(t, err)
	for reason, change := range map[string]func(*defenses.AgentAugmentation){
		"of the defender's 16 contributed images 10 are stamped": func(a *defenses.AgentAugmentation) { a.Agents = 11 },
		"agents is 0": func(a *defenses.AgentAugmentation) { a.Agents = 0 },
		"p2 is 0":     func(a *defenses.AgentAugmentation) { a.P2 = 0 },
	} {
		bad := a
		change(&bad)
		_, err := defenses.Augment(g.Training(), bad, nil, 1)
		require.ErrorIs(t, err, defenses.ErrPolicy, fmt.Sprint(bad))
		require.ErrorContains(t, err, reason)
	}
}
