package game_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/game"
)

func TestDealConservesImages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "game")
		deal := s.play(t).Deal()
		var dealt []int
		for i, share := range shares(deal) {
			require.Equal(t, i-1, share.Owner)
			dealt = append(dealt, share.Contributed...)
			dealt = append(dealt, share.HeldOut...)
		}
		pool := sorted(deal.Pool)
		require.Equal(t, pool, sorted(dealt), "every image of the pool is in exactly one list")
		require.Equal(t, pool, slices.Compact(slices.Clone(pool)), "no image is in the pool twice")
		require.True(t, pool[0] >= 0 && pool[len(pool)-1] < s.set.Len())
	})
}

func TestDealCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "game")
		g := s.play(t)
		deal, pool := g.Deal(), s.rules.PoolSize
		if pool == 0 {
			pool = s.set.Len()
		}
		require.Len(t, deal.Pool, pool)
		require.Equal(t, pool, g.Rules().PoolSize)
		require.Len(t, deal.Attackers, len(s.rules.Attackers))
		sizes := make([]int, 0, len(deal.Attackers)+1)
		for _, share := range shares(deal) {
			n := len(share.Contributed) + len(share.HeldOut)
			sizes = append(sizes, n)
			require.Len(t, share.HeldOut, int(math.Round(s.rules.HeldOut*float64(n))))
		}
		require.Equal(t, int(math.Round(s.rules.DefenderShare*float64(pool))), sizes[0])
		require.LessOrEqual(t, slices.Max(sizes[1:])-slices.Min(sizes[1:]), 1)
		require.True(t, slices.IsSortedFunc(sizes[1:], func(a, b int) int { return b - a }), "larger shares come first: %v", sizes)
	})
}

func TestPaperSizedDeal(t *testing.T) {
	set := newSet(t, evenLabels(60_000, 10), 10, tiny)
	for n, want := range map[int]int{1: 28_800, 2: 14_400, 5: 5_760, 10: 2_880, 100: 288} {
		rules := paperRules(n)
		for i := range rules.Attackers {
			rules.Attackers[i].Trigger.P1 = 1 // on tiny images smaller triggers collide
		}
		g := scenario{set, rules}.play(t)
		require.Len(t, g.Deal().Defender.Contributed, 19_200)
		require.Len(t, g.Deal().Defender.HeldOut, 4_800)
		for _, share := range g.Deal().Attackers {
			require.Len(t, share.Contributed, want)
			require.Len(t, share.HeldOut, want/4)
		}
		require.Len(t, g.Training().Rows, 48_000)
		require.Equal(t, 4_800+2*7_200, g.Probes().N)
	}
}

// classCounts counts the images of each class.
func classCounts(s scenario, images []int) []int {
	counts := make([]int, len(s.set.Classes))
	for _, i := range images {
		counts[s.set.Labels[i]]++
	}
	return counts
}

func TestPoolIsBalancedAndNested(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "game")
		pool := s.play(t).Deal().Pool
		if len(pool) < s.set.Len() {
			counts := classCounts(s, pool)
			require.LessOrEqual(t, slices.Max(counts)-slices.Min(counts), 1, "%v", counts)
		}
		smaller := s
		smaller.rules.PoolSize = rapid.IntRange(40, len(pool)).Draw(t, "smaller pool")
		if smaller.rules.Validate(s.set) == nil {
			require.Equal(t, pool[:smaller.rules.PoolSize], smaller.play(t).Deal().Pool, "a smaller pool is a prefix")
		}
	})
}

// All images are drawn and held out about equally often. Hence all classes have
// the one image more about equally often, too.
func TestPoolIsUniform(t *testing.T) {
	set := newSet(t, evenLabels(60, 3), 3, tiny)
	rules := paperRules(1)
	rules.PoolSize = 40
	const seeds = 3000
	drawn, defended := make([]int, set.Len()), make([]int, set.Len())
	for rules.Seed = range uint64(seeds) {
		deal := scenario{set, rules}.play(t).Deal()
		for _, i := range deal.Pool {
			drawn[i]++
		}
		for _, i := range deal.Defender.HeldOut {
			defended[i]++
		}
	}
	for i := range drawn {
		// Five standard deviations of a binomial count, for 120 counts.
		require.InDelta(t, seeds*40.0/60, drawn[i], 5*math.Sqrt(seeds*40.0/60*20/60), "image %d in the pool", i)
		require.InDelta(t, seeds*3.0/60, defended[i], 5*math.Sqrt(seeds*3.0/60*57/60), "image %d held out by the defender", i)
	}
}

func TestDealDoesNotDependOnWhoAttacks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "game")
		deal := s.play(t).Deal()
		other := s
		other.rules.Attackers = slices.Clone(s.rules.Attackers)
		for i := range other.rules.Attackers {
			other.rules.Attackers[i] = game.Attacker{ID: 100 + i, Target: 1, Trigger: paperSpec, LabelMode: game.DirtyLabel}
		}
		other.rules.Sampling = game.PerImage
		require.Equal(t, deal, other.play(t).Deal())

		more := other
		more.rules.Attackers = append(more.rules.Attackers, game.Attacker{ID: 7, Trigger: paperSpec, LabelMode: game.DirtyLabel})
		if more.rules.Validate(s.set) == nil {
			with := more.play(t).Deal()
			require.Equal(t, deal.Pool, with.Pool)
			require.Equal(t, deal.Defender, with.Defender, "the defender's images do not depend on the number of attackers")
		}
	})
}

// One small deal is pinned, because every published game depends on the use of
// the streams "pool", "deal", "split" and "poison".
func TestPinnedDeal(t *testing.T) {
	set := newSet(t, evenLabels(40, 4), 4, tiny)
	rules := paperRules(2)
	rules.PoolSize = 22
	g := scenario{set, rules}.play(t)
	require.Equal(t, &game.Deal{
		Pool: []int{31, 10, 21, 32, 35, 2, 29, 24, 19, 14, 25, 28, 27, 22, 9, 4, 7, 38, 33, 36, 39, 6},
		Defender: game.Share{
			Owner: game.Defender, Contributed: []int{32, 10, 24, 2, 21, 25, 22}, HeldOut: []int{9, 39},
		},
		Attackers: []game.Share{
			{Owner: 0, Contributed: []int{35, 7, 33, 6, 27, 31}, HeldOut: []int{19}},
			{Owner: 1, Contributed: []int{28, 36, 29, 38, 14}, HeldOut: []int{4}},
		},
	}, g.Deal())
	require.Equal(t, []int{7}, poisonedSources(g))
}
