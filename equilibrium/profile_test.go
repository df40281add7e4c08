package equilibrium_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/equilibrium"
)

func TestProfilesInOrder(t *testing.T) {
	require.Equal(t, []equilibrium.Profile{{2, 0}, {1, 1}, {0, 2}}, equilibrium.Profiles(2, 2))
	require.Equal(t, []equilibrium.Profile{{2, 0, 0}, {1, 1, 0}, {1, 0, 1}, {0, 2, 0}, {0, 1, 1}, {0, 0, 2}}, equilibrium.Profiles(2, 3))
	require.Empty(t, equilibrium.Profiles(2, 0))
	require.Equal(t, 56, equilibrium.ProfileCount(5, 4))
	require.Equal(t, math.MaxInt, equilibrium.ProfileCount(1000, 1000))
	require.Zero(t, equilibrium.ProfileCount(3, 0))
}

func TestProfilesAreAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		players, strategies := rapid.IntRange(0, 7).Draw(t, "players"), rapid.IntRange(1, 5).Draw(t, "strategies")
		all := equilibrium.Profiles(players, strategies)
		require.Len(t, all, equilibrium.ProfileCount(players, strategies))
		seen := map[string]bool{}
		for _, p := range all {
			require.Equal(t, players, p.Players())
			require.Len(t, p, strategies)
			seen[p.Describe([]string{"a", "b", "c", "d", "e"})] = true
		}
		require.Len(t, seen, len(all))
	})
}

func TestProfile(t *testing.T) {
	p := equilibrium.Profile{2, 0, 3}
	require.Equal(t, []int{0, 2}, p.Support())
	require.Equal(t, equilibrium.Profile{1, 1, 3}, p.Moved(0, 1))
	require.Equal(t, equilibrium.Profile{2, 0, 4}, p.Joined(2))
	require.Equal(t, equilibrium.Profile{2, 0, 3}, p, "a profile does not change")
	require.Equal(t, "2 × low, 3 × most", p.Describe([]string{"low", "high", "most"}))
	require.InDelta(t, (2*0.1+3*0.9)/5, p.Mean([]float64{0.1, 0.5, 0.9}), 1e-15)
	require.Equal(t, equilibrium.Profile{0, 4}, equilibrium.Uniform(4, 2, 1))
}
