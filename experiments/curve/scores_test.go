package curve_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/experiments/curve"
	"backfire/game"
	"backfire/stats"
)

func TestUndefinedRatesOfACurve(t *testing.T) {
	scores := curve.Scores{Attackers: []curve.Attacker{
		{ID: 0, Lift: stats.Undefined()}, {ID: 3, ASR: game.Rate{Hits: 1, Of: 2}, BaseRate: game.Rate{Of: 2}, Lift: 0.5},
	}}
	for _, m := range curve.Measures() {
		want := map[string]float64{"asr": 0.5, "base_rate": 0, "lift": 0.5, curve.StandardAccuracy: math.NaN()}[m.Name]
		if got := scores.Mean(m); math.IsNaN(want) {
			require.True(t, math.IsNaN(got), m.Name)
		} else {
			require.Equal(t, want, got, m.Name)
		}
	}
}

// The scores of predictions are counted as the figures of a result are.
func TestScoreAgainstMeasure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, list := heldOutProbes(t)
		const classes = 3
		predicted := make([]uint16, len(list))
		right := map[int]game.Rate{} // of the attackers' images without triggers
		for i := range list {
			list[i].Label, predicted[i] = rapid.Uint16Range(0, classes-1).Draw(t, "label"), rapid.Uint16Range(0, classes-1).Draw(t, "predicted")
			if p := list[i]; p.Trigger == game.NoTrigger {
				rate := right[p.Owner]
				rate.Of++
				if p.Label == predicted[i] {
					rate.Hits++
				}
				right[p.Owner] = rate
			}
		}
		scores, measured := curve.Score(rules, classes, list, predicted), rules.Measure(classes, list, predicted)
		require.Equal(t, measured.Clean, scores.CleanAccuracy)
		require.Equal(t, right[game.Defender], scores.CleanAccuracy)
		for i, a := range scores.Attackers {
			success := measured.Attackers[i]
			require.Equal(t, rules.Attackers[i].ID, a.ID)
			require.Equal(t, []game.Rate{success.ASR, success.BaseRate, right[i]}, []game.Rate{a.ASR, a.BaseRate, a.CleanAccuracy})
			if success.Lift.Defined() {
				require.Equal(t, success.Lift, a.Lift)
			}
		}
	})
}
