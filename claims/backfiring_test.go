package claims

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/stats"
)

// together returns games of n attackers, one per seed and value, made up by hand: all
// attackers have the values in percent, and alone 80 %.
func together(n int, values ...float64) Measurements {
	m := Measurements{Rate: 0.2, P1: 0.2, P2: 0.2, Primary: []string{"C1"}}
	for seed, value := range values {
		w := paperLike
		w.noise, w.base = 0, func(at) float64 { return 0 }
		w.asr = func(a at) float64 {
			if a.n == 1 {
				return 0.8
			}
			return value / 100
		}
		m.Games = append(m.Games, w.game(uint64(seed), NoDefense, Same, upTo(n), repeat(2, n), repeat(0.2, n)))
	}
	return m
}

// Interference is the mean difference of each attacker from its own matched single, for
// those that have one.
func TestInterference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.Float64Range(0, 1)
		g := paperLike.game(1, NoDefense, Same, upTo(3), repeat(2, 3), repeat(0.2, 3))
		want, n := 0.0, 0
		for i := range g.Attackers {
			a := &g.Attackers[i]
			a.ASR, a.Single = stats.Number(share.Draw(t, "ASR")), nil
			if i == 0 || rapid.Bool().Draw(t, "alone") {
				a.Single = &Figures{ASR: stats.Number(share.Draw(t, "single"))}
				want, n = want+float64(a.ASR-a.Single.ASR), n+1
			}
		}
		require.InDelta(t, want/float64(n), interference(g, ASR), 1e-12)
	})
}

// The largest N decides, and the others stand beside it.
func TestLargestNumberDecides(t *testing.T) {
	m := together(5, slices.Repeat([]float64{10}, 24)...)
	m.Games = append(m.Games, together(2, slices.Repeat([]float64{95}, 24)...).Games...)
	verdicts, err := Judge(m, "C1")
	require.NoError(t, err)
	v := verdicts[0]
	require.Equal(t, Supported, v.Outcome, v.Sentence)
	require.Equal(t, 24*(1+5), v.Models, "the game of five and five matched singles")
	require.Len(t, v.Statistics, 4)
	require.Contains(t, v.Statistics[0].Name, "at N = 5")
	require.False(t, v.Statistics[0].Beside)
	require.Contains(t, v.Statistics[2].Name, "at N = 2")
	require.True(t, v.Statistics[2].Beside)
	require.InDelta(t, 0.15, float64(v.Statistics[2].Estimate), 1e-12)
	require.Equal(t, [2]float64{-1, 1}, [2]float64{v.Statistics[1].within.Low, v.Statistics[1].within.High}, "of lifts")
	require.Equal(t, "Five attackers spoil each other: interference -70 points (95 % CI -75 to -42) on 24 seeds.", Finding(v))
}

// Dilution stands beside interference.
func TestDilution(t *testing.T) {
	m := together(5, slices.Repeat([]float64{80}, 12)...)
	for i := range m.Games {
		for j := range m.Games[i].Attackers {
			m.Games[i].Attackers[j].Lone = &Figures{ASR: 1, Lift: 1}
		}
	}
	verdicts, err := Judge(m, "C1")
	require.NoError(t, err)
	s := verdicts[0].Statistics
	require.Len(t, s, 4)
	require.InDelta(t, 0, float64(s[1].Estimate), 1e-12)
	require.Contains(t, s[3].Name, "dilution, lift")
	require.True(t, s[3].Beside)
	require.InDelta(t, -0.2, float64(s[3].Estimate), 1e-12)
}

// A matched single that another seed has is missing, and one that collapsed is left out.
func TestSinglesOfEverySeed(t *testing.T) {
	m := together(2, slices.Repeat([]float64{10}, 40)...)
	m.Games[3].Attackers[1].Single.Collapsed = true
	verdicts, err := Judge(m, "C1")
	require.NoError(t, err)
	require.Len(t, verdicts[0].Seeds, 39)
	require.Equal(t, []string{"collapsed model, its seed left out: the matched single of attacker 1 in N = 2, label 2, p = 0.2, no defense (seed 3)"}, verdicts[0].Excluded)
	m.Games[3].Attackers[1].Single = nil
	verdicts, err = Judge(m, "C1")
	require.NoError(t, err)
	require.Equal(t, Undecided, verdicts[0].Outcome)
	require.Equal(t, []string{"the matched single of attacker 1 in N = 2, label 2, p = 0.2, no defense (seed 3)"}, verdicts[0].Missing)
	require.Contains(t, Finding(verdicts[0]), "Whether two attackers spoil each other is undecided: interference -70 points")
}

// The images behind an interference are those of the attackers that were also played alone.
func TestImagesBehindInterference(t *testing.T) {
	m := together(3, 10, 20)
	for i := range m.Games {
		for j := range m.Games[i].Attackers {
			m.Games[i].Attackers[j].Images = 100
		}
		m.Games[i].Attackers[2].Single = nil
	}
	verdicts, err := Judge(m, "C1")
	require.NoError(t, err)
	require.Equal(t, 400, verdicts[0].Statistics[0].Images)
	require.Contains(t, verdicts[0].Sentence, "at least 6 seeds")
}

// Whatever happens alone, the choice of labels with the most N is judged.
func TestBackfiringChoosesLabels(t *testing.T) {
	m := paperLike.play(3)
	verdicts, err := Judge(m, "C1")
	require.NoError(t, err)
	require.Equal(t, 3*(1+5), verdicts[0].Models, "N = 5 with one label, and five singles")
	m.Games = slices.DeleteFunc(m.Games, func(g Game) bool { return g.Labels == Same && len(g.Attackers) > 1 })
	verdicts, err = Judge(m, "C1")
	require.NoError(t, err)
	require.Equal(t, 3*(1+4), verdicts[0].Models, "N = 4 with distinct labels, and the single with each of these labels")
	require.Contains(t, verdicts[0].Statistics[0].Name, "at N = 4")
}

// The sentence in plain words has the answer of the verdict.
func TestFinding(t *testing.T) {
	for _, tc := range []struct {
		values []float64
		want   string
	}{
		{slices.Repeat([]float64{80}, 200), "Three attackers neither spoil nor help each other: interference 0.0 points"},
		{slices.Repeat([]float64{100}, 200), "Three attackers do not spoil each other, they help each other: interference +20.0 points"},
		{[]float64{80}, "Whether three attackers spoil each other is undecided: interference 0.0 points on 1 seed; at least 6 seeds are needed."},
		{slices.Repeat([]float64{0, 100, 100}, 4), "seeds would tell."},
	} {
		verdicts, err := Judge(together(3, tc.values...), "C1")
		require.NoError(t, err)
		require.Contains(t, Finding(verdicts[0]), tc.want, fmt.Sprint(verdicts[0].Sentence))
	}
	require.Empty(t, Finding(Verdict{Claim: "C4"}))
	require.Equal(t, []string{"one", "ten", "11"}, []string{inWords(1), inWords(10), inWords(11)})
}
