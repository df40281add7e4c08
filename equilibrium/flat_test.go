package equilibrium_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/equilibrium"
)

// A choice that changes nothing but by less than the margin is flat, one that costs more is not.
func TestFlat(t *testing.T) {
	cost := []float64{0.3, 0.01, 0, 0.02}
	g, err := equilibrium.NewGame(3, 4, func(_ equilibrium.Profile, s int) float64 { return 1 - cost[s] })
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3}, g.Flat(0.05))
	require.Equal(t, []int{1, 2}, g.Flat(0.015))
	require.Empty(t, g.Flat(0.001))
	require.Equal(t, []int{0, 1, 2, 3}, g.Flat(0.31))
	names := []string{"a", "b", "c", "d"}
	points := func(x float64) string { return fmt.Sprintf("%.0f", 100*x) }
	require.Equal(t, "The choice among b, c and d hardly matters: wherever all choose from these, no player gains more than the margin by another choice. "+
		"By the payoffs alone, the game is one of dominance: c pays a player best whatever the others choose, and no other choice of all pays more than its 100.",
		g.SentenceWithin(0.05, names, points))
	require.Contains(t, g.SentenceWithin(0.31, names, points), "The choice among a, b, c and d hardly matters: whatever the others choose, no player")
	require.Equal(t, g.Sentence(names, points), g.SentenceWithin(0.001, names, points))
}

// No profile of a flat set has a regret above the margin, and no larger set is flat: each strategy
// beside it brings a profile with more.
func TestFlatIsLargest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		players, strategies := rapid.IntRange(2, 4).Draw(t, "players"), rapid.IntRange(2, 4).Draw(t, "strategies")
		g, err := equilibrium.NewGame(players, strategies, func(equilibrium.Profile, int) float64 {
			return float64(rapid.IntRange(0, 10).Draw(t, "payoff"))
		})
		require.NoError(t, err)
		margin := float64(rapid.IntRange(0, 10).Draw(t, "margin"))
		flat := g.Flat(margin)
		for set := 1; set < 1<<strategies; set++ {
			size, most, same := 0, 0.0, true
			for s := range strategies {
				in := set>>s&1 == 1
				if in {
					size++
				}
				same = same && in == slices.Contains(flat, s)
			}
			for _, p := range g.Profiles() {
				if within(p, set) {
					most = max(most, g.Regret(p))
				}
			}
			if same {
				require.LessOrEqual(t, most, margin)
			} else if size >= 2 && size > len(flat) {
				require.Greater(t, most, margin)
			}
		}
	})
}

// within reports whether all players of a profile choose from a set, given by its bits.
func within(p equilibrium.Profile, set int) bool {
	for _, s := range p.Support() {
		if set>>s&1 == 0 {
			return false
		}
	}
	return true
}
