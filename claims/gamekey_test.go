package claims

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLabelsOf(t *testing.T) {
	for _, tc := range []struct {
		targets []int
		want    Labels
	}{
		{[]int{2}, Same}, {[]int{2, 2, 2}, Same}, {[]int{9, 1, 5}, Distinct}, {[]int{2, 1, 2}, Mixed},
	} {
		require.Equal(t, tc.want, LabelsOf(tc.targets), "%v", tc.targets)
	}
}

func TestGameKeys(t *testing.T) {
	seen := map[gameKey]bool{}
	for _, tc := range []struct {
		labels  Labels
		targets []int
		rates   []float64
		defense string
		want    string
	}{
		{Same, []int{2}, []float64{0.2}, NoDefense, "attacker 0 alone, label 2, p = 0.2, no defense"},
		{Random, []int{7}, []float64{0.2}, NoDefense, "attacker 0 alone, labels random, p = 0.2, no defense"},
		{Same, []int{2, 2, 2}, []float64{0.2, 0.2, 0.2}, CutMix, "N = 3, label 2, p = 0.2, cutmix"},
		{Random, []int{2, 2, 3}, []float64{0.2, 0.2, 0.2}, CutMix, "N = 3, labels random, p = 0.2, cutmix"},
		{Distinct, []int{2, 1}, []float64{0.4, 0.2}, NoDefense, "N = 2, labels 2,1, p = 0.4,0.2, no defense"},
		{Mixed, []int{2, 1, 1}, []float64{0.2, 0.25, 0.2}, NoDefense, "N = 3, labels 2,1,1, p = 0.2,0.25,0.2, no defense"},
	} {
		s := keyOf(paperLike.game(1, tc.defense, tc.labels, upTo(len(tc.targets)), tc.targets, tc.rates))
		require.Equal(t, tc.want, s.String())
		require.False(t, seen[s])
		seen[s] = true
	}

	// A key contains neither the seed nor targets that differ from seed to seed.
	one := paperLike.game(1, NoDefense, Random, []int{0, 1}, []int{3, 4}, []float64{0.2, 0.2})
	other := paperLike.game(2, NoDefense, Random, []int{0, 1}, []int{8, 8}, []float64{0.2, 0.2})
	require.Equal(t, keyOf(one), keyOf(other))
	// The choice of labels does not matter for an attacker alone.
	require.Equal(t, keyOf(paperLike.game(1, NoDefense, Same, []int{3}, []int{9}, []float64{0.2})),
		keyOf(paperLike.game(1, NoDefense, Distinct, []int{3}, []int{9}, []float64{0.2})))
	// Games that differ in a setting are different games.
	for _, change := range []func(g *Game){
		func(g *Game) { g.Pool = 100 }, func(g *Game) { g.Width = 8 }, func(g *Game) { g.Trigger = orthogonalTrigger },
		func(g *Game) { g.Attackers[1].P1 = 0.4 }, func(g *Game) { g.Attackers[1].P2 = 0.4 },
	} {
		changed := paperLike.game(1, NoDefense, Random, []int{0, 1}, []int{3, 4}, []float64{0.2, 0.2})
		change(&changed)
		require.NotEqual(t, keyOf(one), keyOf(changed))
	}
	one.Attackers[1].P1 = 0.4
	require.Equal(t, "N = 2, labels random, p0 = 0.2, p1 = 0.2,0.4, p2 = 0.2, no defense", keyOf(one).String())
}
