package interval

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInterval(t *testing.T) {
	for _, tc := range []struct {
		notation string
		words    string
		inside   []float64
		outside  []float64
	}{
		{"[0,1]", "from 0 to 1", []float64{0, 0.5, 1}, []float64{-0.1, 1.1, math.NaN(), math.Inf(1)}},
		{"(0,1)", "above 0 and below 1", []float64{1e-300, 0.5}, []float64{0, 1}},
		{"[0,1)", "at least 0 and below 1", []float64{0, 0.99}, []float64{1}},
		{"(0,1]", "above 0 and at most 1", []float64{1}, []float64{0}},
		{"[2,)", "at least 2", []float64{2, 1e9}, []float64{1, math.NaN()}},
		{"(0,)", "above 0", []float64{1e-9}, []float64{0, -1}},
		{"(,3]", "at most 3", []float64{3, -1e9}, []float64{4}},
		{"", "", []float64{-1, math.Inf(1)}, []float64{math.NaN()}},
	} {
		t.Run(tc.notation, func(t *testing.T) {
			interval := Parse(tc.notation)
			require.Equal(t, tc.words, interval.String())
			for _, value := range tc.inside {
				require.True(t, interval.Contains(value), "%v", value)
			}
			for _, value := range tc.outside {
				require.False(t, interval.Contains(value), "%v", value)
			}
		})
	}
}
