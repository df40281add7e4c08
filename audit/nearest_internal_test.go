package audit

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/audit/design"
	"backfire/claims"
	"backfire/paper"
	"backfire/stats"
)

// playedAt returns a game of n attackers with random labels that all have an ASR, of which each is also alone with
// another one.
func playedAt(c Condition, seed uint64, n int, asr, alone float64) Trial {
	g := claims.Game{Seed: seed, Defense: claims.NoDefense, Labels: claims.Random}
	for range n {
		a := claims.Attacker{ASR: stats.Number(asr)}
		if n > 1 {
			a.Single = &claims.Figures{ASR: stats.Number(alone)}
		}
		g.Attackers = append(g.Attackers, a)
	}
	return Trial{Condition: c, Game: g}
}

// Three conditions have known distances from Table 3 on MNIST: none, twelve points at each N, and one that differs at
// N = 2 alone. The distance is the root of the mean squared difference.
func TestNearest(t *testing.T) {
	tables, err := paper.For("mnist")
	require.NoError(t, err)
	published := publishedFigures(tables, 3, false)
	repeats := tables.Repeatability() / 100
	exact, farther, bent := Condition{Stage: StageScreening}, Condition{Stage: StageScreening, High: design.Effect(1)}, Condition{Stage: StagePrimary}
	var trials []Trial
	for seed := uint64(1); seed <= 2; seed++ {
		swing := 0.02 * (float64(seed) - 1.5) // of the seeds about their mean
		for _, n := range []int{2, 5} {
			trials = append(trials, playedAt(farther, seed, n, published[n]+0.12+swing, published[1]-0.12+swing))
			trials = append(trials, playedAt(exact, seed, n, published[n]+swing, published[1]+swing))
		}
		trials = append(trials,
			playedAt(bent, seed, 1, published[1]+swing, 0),
			playedAt(bent, seed, 2, published[2]-0.3+swing, 0),
			playedAt(bent, seed, 5, published[5]+swing, 0))
	}
	// A game with a defense is none of the undefended figures.
	defended := playedAt(exact, 1, 2, 0, 0)
	defended.Game.Defense = "cutmix"
	trials = append(trials, defended)

	found := (&Spec{}).nearest(trials, "mnist")
	require.Len(t, found, 3)
	n := found[2]
	require.Equal(t, 3, n.Table)
	require.Equal(t, (&Spec{}).ConditionName(exact), n.Condition)
	require.InDelta(t, 0, float64(n.Distance), 1e-12, "rounding only")
	require.InDelta(t, math.Sqrt(0.3*0.3/3), float64(n.Primary), 1e-12, "rounding only")
	require.True(t, n.Within)
	require.Equal(t, 3, n.Conditions)
	near := 1
	for _, distance := range []float64{0.12, math.Sqrt(0.3 * 0.3 / 3)} {
		if distance <= repeats {
			near++
		}
	}
	require.Equal(t, near, n.AsNear)
	for i, count := range []int{1, 2, 5} {
		require.Equal(t, count, n.Figures[i].N)
		require.Equal(t, 2, n.Figures[i].Seeds)
		require.InDelta(t, published[count], float64(n.Figures[i].Measured), 1e-12, "rounding only")
		require.InDelta(t, published[count], float64(n.Figures[i].Paper), 1e-12, "rounding only")
	}
}

// Without two figures of a table, or without the paper's tables, nothing is said to be near.
func TestNearestNeedsTwoFigures(t *testing.T) {
	trials := []Trial{playedAt(Condition{Stage: StagePrimary}, 1, 1, 0.9, 0)}
	for _, n := range (&Spec{}).nearest(trials, "mnist") {
		require.Empty(t, n.Condition)
		require.False(t, n.Within)
		require.False(t, n.Distance.Defined())
		require.Contains(t, n.Sentence(), "no condition has two of its figures")
	}
	require.Nil(t, (&Spec{}).nearest(trials, "embedded"))
}
