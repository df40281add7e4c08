package game_test

import (
	"fmt"
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/datasets"
	"backfire/game"
	"backfire/internal/streams"
	"backfire/triggers"
)

// newSet returns a dataset with the given labels and random images.
func newSet(t require.TestingT, labels []uint16, classes int, shape triggers.Shape) *datasets.Set {
	images := make([]uint8, len(labels)*shape.Size())
	rng := streams.New(1, "test images")
	for i := range images {
		images[i] = uint8(rng.UintN(256))
	}
	names := make([]string, classes)
	for i := range names {
		names[i] = fmt.Sprintf("class %d", i)
	}
	set, err := datasets.New("test", images, labels, shape.C, shape.H, shape.W, names)
	require.NoError(t, err)
	return set
}

// evenLabels returns n labels that cycle through the classes.
func evenLabels(n, classes int) []uint16 {
	labels := make([]uint16, n)
	for i := range labels {
		labels[i] = uint16(i % classes)
	}
	return labels
}

// tiny is the shape of images so small that games are fast.
var tiny = triggers.Shape{C: 1, H: 5, W: 4}

// paperSpec is the paper's default trigger.
var paperSpec = triggers.Spec{P1: 0.2, P2: 0.2, Range: triggers.PerDimension}

// paperRules returns the default readings with n attackers on class 2, p = 0.2.
func paperRules(n int) game.Rules {
	r := game.Rules{
		Seed: 1, DefenderShare: 0.4, HeldOut: 0.2,
		Sampling: game.PerAgent, ExcludeTargetClass: true, Denominator: game.Own,
	}
	for id := range n {
		r.Attackers = append(r.Attackers, game.Attacker{ID: id, Target: 2, PoisonRate: 0.2, Trigger: paperSpec, LabelMode: game.DirtyLabel})
	}
	return r
}

// scenario is a dataset with rules that fit it.
type scenario struct {
	set   *datasets.Set
	rules game.Rules
}

// percent generates shares from lo to hi percent.
func percent(lo, hi int) *rapid.Generator[float64] {
	return rapid.Map(rapid.IntRange(lo, hi), func(n int) float64 { return float64(n) / 100 })
}

// sets generates datasets, some with uneven classes, in which every class occurs.
func sets() *rapid.Generator[*datasets.Set] {
	return rapid.Custom(func(t *rapid.T) *datasets.Set {
		classes := rapid.IntRange(2, 5).Draw(t, "classes")
		labels := evenLabels(classes, classes)
		labels = append(labels, rapid.SliceOfN(rapid.Uint16Range(0, uint16(classes-1)), 100, 250).Draw(t, "labels")...)
		shape := triggers.Shape{
			C: rapid.SampledFrom([]int{1, 3}).Draw(t, "channels"),
			H: rapid.IntRange(3, 6).Draw(t, "height"),
			W: rapid.IntRange(3, 6).Draw(t, "width"),
		}
		return newSet(t, labels, classes, shape)
	})
}

// attackers generates attackers with distinct IDs.
func attackers(classes int) *rapid.Generator[[]game.Attacker] {
	one := rapid.Custom(func(t *rapid.T) game.Attacker {
		a := game.Attacker{
			ID:         rapid.IntRange(0, 50).Draw(t, "id"),
			Target:     rapid.IntRange(0, classes-1).Draw(t, "target"),
			PoisonRate: percent(0, 100).Draw(t, "p0"),
			Trigger: triggers.Spec{
				P1: percent(60, 100).Draw(t, "p1"), P2: percent(30, 100).Draw(t, "p2"),
				Range: rapid.SampledFrom([]triggers.Range{triggers.PerDimension, triggers.Area}).Draw(t, "range"),
			},
			LabelMode: rapid.SampledFrom([]game.LabelMode{game.DirtyLabel, game.DirtyLabel, game.CleanLabel}).Draw(t, "label mode"),
		}
		if a.LabelMode == game.DirtyLabel {
			a.Budget = rapid.SampledFrom([]game.Budget{game.NonTarget, game.AnyImage}).Draw(t, "budget")
		}
		if rapid.IntRange(0, 3).Draw(t, "without a box") == 0 {
			a.Trigger.P1, a.Trigger.Range = 0, triggers.Whole
		}
		return a
	})
	return rapid.SliceOfNDistinct(one, 1, 5, func(a game.Attacker) int { return a.ID })
}

// scenarios generates datasets with rules that game.New accepts.
func scenarios() *rapid.Generator[scenario] {
	return rapid.Custom(func(t *rapid.T) scenario {
		set := sets().Draw(t, "set")
		return scenario{set: set, rules: game.Rules{
			Seed:               rapid.Uint64().Draw(t, "seed"),
			PoolSize:           rapid.OneOf(rapid.Just(0), rapid.IntRange(60, set.Len())).Draw(t, "pool"),
			DefenderShare:      percent(20, 60).Draw(t, "defender's share"),
			HeldOut:            percent(20, 60).Draw(t, "held out"),
			Attackers:          attackers(len(set.Classes)).Draw(t, "attackers"),
			Sampling:           rapid.SampledFrom([]game.Sampling{game.PerAgent, game.PerImage}).Draw(t, "sampling"),
			ExcludeTargetClass: rapid.Bool().Draw(t, "exclude target class"),
			Denominator:        rapid.SampledFrom([]game.Denominator{game.Own, game.Pooled}).Draw(t, "denominator"),
		}}
	}).Filter(func(s scenario) bool {
		_, err := game.New(s.set, s.rules)
		return err == nil
	})
}

// play returns the game of a scenario.
func (s scenario) play(t require.TestingT) *game.Game {
	g, err := game.New(s.set, s.rules)
	require.NoError(t, err)
	return g
}

// shares returns the shares of all agents, the defender's first.
func shares(d *game.Deal) []game.Share {
	return append([]game.Share{d.Defender}, d.Attackers...)
}

// sorted returns a sorted copy.
func sorted(s []int) []int {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}
