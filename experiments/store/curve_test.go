package store_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/stats"
)

// requests draws requests for a curve, some for none.
func requests() *rapid.Generator[store.CurveRequest] {
	return rapid.Custom(func(t *rapid.T) store.CurveRequest {
		r := store.CurveRequest{Every: rapid.IntRange(0, 12).Draw(t, "every")}
		if r.Every > 0 {
			r.Images = rapid.IntRange(0, 30).Draw(t, "images")
		}
		return r
	})
}

// Two requests together ask for all epochs of either, on the larger sample, and a curve that answers
// them answers each.
func TestCurveOfTwoRequestsAnswersBoth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := requests().Draw(t, "a"), requests().Draw(t, "b")
		both := store.Artefacts{Curve: a}.And(store.Artefacts{Curve: b})
		require.Equal(t, both, store.Artefacts{Curve: b}.And(store.Artefacts{Curve: a}))
		require.Equal(t, both, both.And(both))
		for _, r := range []store.CurveRequest{a, b} {
			require.Empty(t, store.Artefacts{Curve: r}.Without(both))
			for epoch := 1; epoch <= 30; epoch++ {
				if r.Wants(epoch, 30) {
					require.True(t, both.Curve.Wants(epoch, 30))
				}
			}
			if r.Every > 0 && both.Curve.Images != 0 {
				require.Positive(t, r.Images)
				require.LessOrEqual(t, r.Images, both.Curve.Images)
			}
		}
	})
}

func TestCurveRequestsThatAStoredCurveAnswers(t *testing.T) {
	for _, tc := range []struct {
		asked, stored store.CurveRequest
		lacks         []string
	}{
		{store.CurveRequest{}, store.CurveRequest{}, nil},
		{store.CurveRequest{}, store.CurveRequest{Every: 1, Images: 20}, nil},
		{store.CurveRequest{Every: 4, Images: 10}, store.CurveRequest{Every: 2, Images: 20}, nil},
		{store.CurveRequest{Every: 4, Images: 10}, store.CurveRequest{Every: 2}, nil},
		{store.CurveRequest{Every: 1, Images: 20}, store.CurveRequest{}, []string{"curve.json"}},
		{
			store.CurveRequest{Every: 1, Images: 20}, store.CurveRequest{Every: 2, Images: 20},
			[]string{"curve.json of every epoch on 20 images of each attacker (it has every 2 epochs on 20 images of each attacker)"},
		},
		{
			store.CurveRequest{Every: 3}, store.CurveRequest{Every: 3, Images: 1},
			[]string{"curve.json of every 3 epochs on all images (it has every 3 epochs on 1 image of each attacker)"},
		},
	} {
		require.Equal(t, tc.lacks, store.Artefacts{Curve: tc.asked}.Without(store.Artefacts{Curve: tc.stored}))
	}
}

func TestAttributionsHaveNoCurve(t *testing.T) {
	c := enginetest.ExampleCell()
	asked := store.Artefacts{Model: true, Curve: store.CurveRequest{Every: 1}}
	require.Equal(t, asked, asked.Of(c))
	c.Attribution = &cell.Attribution{}
	require.Equal(t, store.Artefacts{Model: true}, asked.Of(c))
}

func TestUndefinedRatesOfACurve(t *testing.T) {
	scores := store.EpochScores{Attackers: []store.AttackerScores{
		{ID: 0, Lift: stats.Undefined()}, {ID: 3, ASR: game.Rate{Hits: 1, Of: 2}, BaseRate: game.Rate{Of: 2}, Lift: 0.5},
	}}
	for _, m := range store.CurveMeasures() {
		want := map[string]float64{"asr": 0.5, "base_rate": 0, "lift": 0.5, store.StandardAccuracy: math.NaN()}[m.Name]
		if got := scores.Mean(m); math.IsNaN(want) {
			require.True(t, math.IsNaN(got), m.Name)
		} else {
			require.Equal(t, want, got, m.Name)
		}
	}
}
