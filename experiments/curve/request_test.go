package curve_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/experiments/curve"
)

// requests draws requests for a curve, some for none.
func requests() *rapid.Generator[curve.Request] {
	return rapid.Custom(func(t *rapid.T) curve.Request {
		r := curve.Request{Every: rapid.IntRange(0, 12).Draw(t, "every")}
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
		both := a.And(b)
		require.Equal(t, both, b.And(a))
		require.Equal(t, both, both.And(both))
		for _, r := range []curve.Request{a, b} {
			require.Empty(t, r.Lacks(both))
			for epoch := 1; epoch <= 30; epoch++ {
				if r.Wants(epoch, 30) {
					require.True(t, both.Wants(epoch, 30))
				}
			}
			if r.Every > 0 && both.Images != 0 {
				require.Positive(t, r.Images)
				require.LessOrEqual(t, r.Images, both.Images)
			}
		}
	})
}

func TestCurveRequestsThatAStoredCurveAnswers(t *testing.T) {
	for _, tc := range []struct {
		asked, stored curve.Request
		lacks         string
	}{
		{curve.Request{}, curve.Request{}, ""},
		{curve.Request{}, curve.Request{Every: 1, Images: 20}, ""},
		{curve.Request{Every: 4, Images: 10}, curve.Request{Every: 2, Images: 20}, ""},
		{curve.Request{Every: 4, Images: 10}, curve.Request{Every: 2}, ""},
		{curve.Request{Every: 1, Images: 20}, curve.Request{}, "curve.json"},
		{
			curve.Request{Every: 1, Images: 20},
			curve.Request{Every: 2, Images: 20},
			"curve.json of every epoch on 20 images of each attacker (it has every 2 epochs on 20 images of each attacker)",
		},
		{
			curve.Request{Every: 3},
			curve.Request{Every: 3, Images: 1},
			"curve.json of every 3 epochs on all images (it has every 3 epochs on 1 image of each attacker)",
		},
	} {
		require.Equal(t, tc.lacks, tc.asked.Lacks(tc.stored))
	}
}
