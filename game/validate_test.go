package game_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/game"
	"backfire/triggers"
)

// round rounds p*n as the game does: to the nearest integer, halves up.
func round(p float64, n int) int { return int(math.Round(p * float64(n))) }

func TestBadRulesAreRefused(t *testing.T) {
	// 100 images of class 0 and 50 of each of the other two.
	labels := append(evenLabels(150, 3), make([]uint16, 50)...)
	set := newSet(t, labels, 3, tiny)
	for _, tc := range []struct {
		name   string
		change func(r *game.Rules)
		want   string
	}{
		{"no attackers", func(r *game.Rules) { r.Attackers = nil }, "0 attackers: a game needs at least 1"},
		{"negative pool", func(r *game.Rules) { r.PoolSize = -5 }, "pool size is -5: test has 200 images: choose 1 to 200, or 0 for all"},
		{"large pool", func(r *game.Rules) { r.PoolSize = 201 }, "pool size is 201"},
		{"uneven pool", func(r *game.Rules) { r.PoolSize = 170 }, "a pool of 170 images cannot be class-balanced"},
		{"defender takes nothing", func(r *game.Rules) { r.DefenderShare = 0 }, "the defender's share is 0: it must be above 0 and below 1"},
		{"defender takes all", func(r *game.Rules) { r.DefenderShare = 1 }, "the defender's share is 1"},
		{"nothing held out", func(r *game.Rules) { r.HeldOut = 0 }, "the held-out share is 0: it must be above 0 and below 1"},
		{"held out is no number", func(r *game.Rules) { r.HeldOut = math.NaN() }, "the held-out share is NaN"},
		{"sampling", func(r *game.Rules) { r.Sampling = "sometimes" }, `sampling is "sometimes": it must be per_agent or per_image`},
		{"denominator", func(r *game.Rules) { r.Denominator = "" }, `denominator is "": it must be own or pooled`},
		{"same ID", func(r *game.Rules) { r.Attackers[1].ID = 0 }, "two attackers have the ID 0: IDs must differ"},
		{"negative ID", func(r *game.Rules) { r.Attackers[1].ID = -1 }, "attacker ID -1: IDs must be at least 0"},
		{"negative draw", func(r *game.Rules) { r.Attackers[1].Draw = -1 }, "attacker 1: draw is -1: draws count from 0"},
		{"draw per image", func(r *game.Rules) { r.Attackers[1].Draw, r.Sampling = 1, game.PerImage }, "attacker 1: draw is 1: it must be 0 with sampling per_image, where each image has a trigger of its own"},
		{"unknown label", func(r *game.Rules) { r.Attackers[1].Target = 3 }, "attacker 1: target label 3 is not one of the 3 classes of test: choose 0 to 2 (class 0, class 1, class 2)"},
		{"negative label", func(r *game.Rules) { r.Attackers[1].Target = -1 }, "target label -1"},
		{"p0 large", func(r *game.Rules) { r.Attackers[1].PoisonRate = 1.5 }, "attacker 1: p0 is 1.5: it must be between 0 and 1"},
		{"p0 negative", func(r *game.Rules) { r.Attackers[1].PoisonRate = -0.1 }, "p0 is -0.1"},
		{"p0 no number", func(r *game.Rules) { r.Attackers[1].PoisonRate = math.NaN() }, "p0 is NaN"},
		{"p1", func(r *game.Rules) { r.Attackers[1].Trigger.P1 = 2 }, "attacker 1: triggers: bad trigger: p1 is 2: it must be above 0 and at most 1"},
		{"p2", func(r *game.Rules) { r.Attackers[1].Trigger.P2 = 0 }, "p2 is 0"},
		{"label mode", func(r *game.Rules) { r.Attackers[1].LabelMode = "grubby" }, `attacker 1: label mode is "grubby": it must be dirty or clean`},
		{"more attackers than images", func(r *game.Rules) { r.Attackers = paperRules(201).Attackers }, "in a pool of 200 images attacker 200 gets 0 images, too few to contribute some and hold out some, and all 200 images of test do not suffice: choose fewer attackers"},
		{"too few images", func(r *game.Rules) { r.PoolSize = 10; r.Attackers = paperRules(10).Attackers }, "in a pool of 10 images attacker 9 gets 0 images, too few to contribute some and hold out some: the smallest pool that works for 10 attackers is "},
		{"too few to poison", func(r *game.Rules) { r.PoolSize = 20; r.Attackers[1].PoisonRate = 0.05 }, "in a pool of 20 images attacker 1 with p0 = 0.05 and dirty labels finds nothing to poison among its 5: the smallest pool that works for 2 attackers is "},
		{"defender too poor", func(r *game.Rules) { r.DefenderShare = 0.001 }, "the defender gets 0 images, too few to contribute some and hold out some, and all 200 images"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := paperRules(2)
			tc.change(&rules)
			err := rules.Validate(set)
			require.ErrorIs(t, err, game.ErrRules)
			require.ErrorContains(t, err, tc.want)
			_, newErr := game.New(set, rules)
			require.Equal(t, err, newErr, "New refuses what Validate refuses")
		})
	}
	require.NoError(t, paperRules(2).Validate(set))
}

// An agent with a single image cannot both contribute and hold out, even if no
// attacker poisons.
func TestEachAgentContributesAndHoldsOut(t *testing.T) {
	set := newSet(t, evenLabels(40, 2), 2, tiny)
	for _, tc := range []struct {
		defender float64
		want     string
	}{{0.9, "attacker 1 gets 1 image,"}, {0.1, "the defender gets 1 image,"}} {
		rules := paperRules(1)
		rules.Attackers[0].ID, rules.Attackers[0].Target, rules.Attackers[0].PoisonRate = 1, 1, 0
		rules.PoolSize, rules.HeldOut, rules.DefenderShare = 10, 0.6, tc.defender
		err := rules.Validate(set)
		require.ErrorContains(t, err, tc.want)
		require.ErrorContains(t, err, "the smallest pool that works for 1 attacker is ")
	}
}

// Each attacker has enough images by number, but those of some attacker all have
// the target label already, which only the deal itself shows.
func TestNothingToPoisonInTheDeal(t *testing.T) {
	set := newSet(t, evenLabels(2000, 2), 2, tiny)
	rules := paperRules(40)
	for i := range rules.Attackers {
		rules.Attackers[i].Target, rules.Attackers[i].PoisonRate = 1, 1
	}
	rules.PoolSize = 200 // 3 images for each attacker, of which 2 are contributed
	err := rules.Validate(set)
	require.ErrorContains(t, err, "and dirty labels finds nothing to poison among its 2: the smallest pool that works for 40 attackers is ")
	smallest, ok := rules.SmallestPool(set)
	require.True(t, ok)
	rules.PoolSize = smallest
	g := scenario{set, rules}.play(t)
	score, err := g.Score(make([]uint16, g.Probes().N))
	require.NoError(t, err)
	for _, a := range score.Attackers {
		require.Positive(t, a.Poisoned)
	}
	require.Greater(t, smallest, 200)
}

func TestRefusedTriggerIsNamed(t *testing.T) {
	rules := paperRules(1)
	rules.Attackers[0].Trigger.Range = "volume"
	require.ErrorIs(t, rules.Validate(newSet(t, evenLabels(100, 3), 3, tiny)), triggers.ErrSpec)
}

// The refusal of an uneven pool names the largest pool that is accepted.
func TestLargestBalancedPool(t *testing.T) {
	labels := append(evenLabels(150, 3), make([]uint16, 50)...)
	set := newSet(t, labels, 3, tiny)
	for seed := range uint64(10) {
		rules := paperRules(2)
		rules.Seed = seed
		largest := 0
		for rules.PoolSize = 140; rules.PoolSize < 200; rules.PoolSize++ {
			if rules.Validate(set) == nil {
				largest = rules.PoolSize
			}
		}
		require.True(t, largest >= 150 && largest <= 151, "50 of each, and one more of class 0 where it comes first: %d", largest)
		rules.PoolSize = 199
		require.ErrorContains(t, rules.Validate(set), "choose at most "+strconv.Itoa(largest)+", or 0 for the whole dataset")
	}
}

func TestSmallestPool(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := sets().Draw(t, "set")
		rules := game.Rules{
			Seed:          rapid.Uint64().Draw(t, "seed"),
			DefenderShare: percent(20, 60).Draw(t, "defender's share"),
			HeldOut:       percent(10, 60).Draw(t, "held out"),
			Attackers:     attackers(len(set.Classes)).Draw(t, "attackers"),
			Sampling:      game.PerAgent,
			Denominator:   game.Own,
		}
		smallest, ok := rules.SmallestPool(set)
		if !ok {
			require.ErrorIs(t, rules.Validate(set), game.ErrRules, "the whole dataset does not work")
			t.Skip("no pool works")
		}
		for rules.PoolSize = 1; rules.PoolSize < smallest; rules.PoolSize++ {
			require.ErrorIs(t, rules.Validate(set), game.ErrRules, "smaller than %d", smallest)
		}
		require.NoError(t, rules.Validate(set))
		if rules.PoolSize = smallest - 1; smallest > 1 {
			if err := rules.Validate(set); smallest < set.Len() {
				require.ErrorContains(t, err, " is "+strconv.Itoa(smallest))
			}
		}
	})
}

func TestSmallestPoolForManyAttackers(t *testing.T) {
	set := newSet(t, evenLabels(10_000, 10), 10, tiny)
	rules := paperRules(100)
	smallest, ok := rules.SmallestPool(set)
	require.True(t, ok)
	rules.PoolSize = smallest
	require.NoError(t, rules.Validate(set))
	rules.PoolSize--
	require.ErrorContains(t, rules.Validate(set), "the smallest pool that works for 100 attackers is "+strconv.Itoa(smallest))
}
