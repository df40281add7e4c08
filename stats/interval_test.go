package stats_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/internal/streams"
	"backfire/stats"
)

const level = 0.95

// reference holds what scripts/reference/intervals.py computed.
type reference struct {
	Unit  float64
	Cases []struct {
		Name           string
		Low, High      float64
		Values         []float64
		Student        limits  `json:"student"`
		SignFlip       limits  `json:"sign_flip"`
		Gaffke         limits  `json:"gaffke"`
		Bounded        limits  `json:"bounded"`
		Symmetric      limits  `json:"symmetric"`
		Bootstrap      limits  `json:"bootstrap"`
		ClopperPearson limits  `json:"clopper_pearson"`
		BoundedAbove   float64 `json:"bounded_above"`
		SymmetricBelow float64 `json:"symmetric_below"`
	}
	Wilson []struct {
		Successes, Trials int
		Interval          limits
	}
	Holm []struct{ P, Adjusted []float64 }
}

// limits holds the lower and the upper limit of an interval; a missing one is
// infinite.
type limits []stats.Number

// requireLimits compares an interval with its reference.
func requireLimits(t *testing.T, want limits, got stats.Interval, tolerance float64) {
	t.Helper()
	for i, limit := range []stats.Number{got.Low, got.High} {
		if !want[i].Defined() {
			require.True(t, math.IsInf(float64(limit), 2*i-1))
			continue
		}
		require.InDelta(t, float64(want[i]), float64(limit), tolerance)
	}
}

func readReference(t *testing.T) reference {
	t.Helper()
	raw, err := os.ReadFile("testdata/intervals.json")
	require.NoError(t, err)
	var r reference
	require.NoError(t, json.Unmarshal(raw, &r))
	return r
}

func TestIntervalsAgainstReference(t *testing.T) {
	r := readReference(t)
	require.NotEmpty(t, r.Cases)
	for _, c := range r.Cases {
		t.Run(c.Name, func(t *testing.T) {
			within := stats.Range{Low: c.Low, High: c.High}
			for name, tc := range map[string]struct {
				method    stats.Method
				want      limits
				tolerance float64
			}{
				"student":   {stats.Student{}, c.Student, 1e-9},
				"sign-flip": {stats.SignFlip{}, c.SignFlip, 2e-5}, // the reference halves an interval 18 times
				"gaffke":    {stats.Gaffke{Within: within}, c.Gaffke, 2e-3},
				"bounded":   {stats.Bounded(within), c.Bounded, 1e-8},
				"symmetric": {stats.Symmetric(r.Unit), c.Symmetric, 1e-8},
				// The standard error of a quantile of 499 resamples.
				"bootstrap": {stats.Bootstrap{}, c.Bootstrap, 0.04},
				"exact":     {stats.Gaffke{Within: within}, c.ClopperPearson, 1e-9},
			} {
				if tc.want == nil {
					continue
				}
				if name == "bootstrap" && len(slices.Compact(slices.Sorted(slices.Values(c.Values)))) < 6 {
					continue // the means of resamples lie on few points
				}
				got, err := tc.method.Interval(c.Values, level)
				require.NoError(t, err, name)
				t.Log(name, got, tc.want)
				requireLimits(t, tc.want, got, tc.tolerance)
			}
			above, err := stats.Bounded(within).Above(c.Values, (c.Low+c.High)/2)
			require.NoError(t, err)
			require.InDelta(t, c.BoundedAbove, above, 1e-9)
			below, err := stats.Symmetric(r.Unit).Below(c.Values, (c.Low+c.High)/2)
			require.NoError(t, err)
			require.InDelta(t, c.SymmetricBelow, below, 1e-9)
		})
	}
}

func TestWilsonAndHolmAgainstReference(t *testing.T) {
	r := readReference(t)
	require.NotEmpty(t, r.Wilson)
	for _, c := range r.Wilson {
		got, err := stats.Wilson(c.Successes, c.Trials, level)
		require.NoError(t, err)
		requireLimits(t, c.Interval, got, 1e-9)
	}
	none, err := stats.Wilson(0, 0, level)
	require.NoError(t, err)
	require.Equal(t, stats.Interval{Low: 0, High: 1}, none)
	require.NotEmpty(t, r.Holm)
	for _, c := range r.Holm {
		require.InDeltaSlice(t, c.Adjusted, stats.Holm(c.P), 1e-12)
	}
	require.Empty(t, stats.Holm(nil))
}

// methods are all that exist, for values in [0, 1].
func methods() map[string]stats.Method {
	unit := stats.Range{Low: 0, High: 1}
	return map[string]stats.Method{
		"student": stats.Student{}, "sign-flip": stats.SignFlip{}, "bootstrap": stats.Bootstrap{},
		"gaffke": stats.Gaffke{Within: unit}, "bounded": stats.Bounded(unit), "symmetric": stats.Symmetric(0.1),
	}
}

func TestIntervalProperties(t *testing.T) {
	for name, method := range methods() {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			values := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 14).Draw(t, "values")
			wide, err := method.Interval(values, 0.95)
			require.NoError(t, err)
			narrow, err := method.Interval(values, 0.8)
			require.NoError(t, err)
			require.LessOrEqual(t, wide.Low, wide.High)
			require.LessOrEqual(t, wide.Low, narrow.Low+1e-9)
			require.GreaterOrEqual(t, wide.High, narrow.High-1e-9)

			if name != "bootstrap" && len(values) <= 10 { // otherwise drawn by place in the sample
				reversed, err := method.Interval(slices.Sorted(slices.Values(values)), 0.95)
				require.NoError(t, err)
				require.InDelta(t, 0, difference(wide.Low, reversed.Low), 1e-9, "the order does not matter")
				require.InDelta(t, 0, difference(wide.High, reversed.High), 1e-9)
			}
			mirrored := make([]float64, len(values))
			for i, x := range values {
				mirrored[i] = 1 - x
			}
			mirror, err := method.Interval(mirrored, 0.95)
			require.NoError(t, err)
			if name != "bootstrap" {
				require.InDelta(t, 0, difference(1-wide.High, mirror.Low), 1e-9, "the mirror image")
			}
		}))
	}
}

// difference returns a-b, and 0 for equal infinities.
func difference(a, b stats.Number) float64 {
	if a == b {
		return 0
	}
	return float64(a - b)
}

// A limit of the interval is where the p-value passes half the error.
func TestBettingPValueMatchesInterval(t *testing.T) {
	for _, betting := range []stats.Betting{stats.Bounded(stats.Range{Low: -1, High: 1}), stats.Symmetric(0.05)} {
		rapid.Check(t, func(t *rapid.T) {
			values := rapid.SliceOfN(rapid.Float64Range(-1, 1), 2, 20).Draw(t, "values")
			m := rapid.Float64Range(-1, 1).Draw(t, "m")
			ci, err := betting.Interval(values, level)
			require.NoError(t, err)
			above, err := betting.Above(values, m)
			require.NoError(t, err)
			below, err := betting.Below(values, m)
			require.NoError(t, err)
			require.True(t, above > 0 && above <= 1 || math.IsInf(1/above, 1))
			if math.Abs(m-float64(ci.Low)) > 1e-9 {
				require.Equal(t, m < float64(ci.Low), above <= (1-level)/2)
			}
			if math.Abs(m-float64(ci.High)) > 1e-9 {
				require.Equal(t, m > float64(ci.High), below <= (1-level)/2)
			}
			require.GreaterOrEqual(t, max(above, below), 0.24, "both tails cannot be small")
		})
	}
}

// With the number of values that Needed returns, about the given share of samples
// rejects.
func TestNeeded(t *testing.T) {
	sample := []float64{-0.9, -0.1, 0, -1, 0.2, -0.95, 0.1, -0.05, -0.9, 0.4, -0.6, 0}
	betting := stats.Bounded(stats.Range{Low: -1, High: 1})
	n, err := betting.NeededBelow(sample, -0.05, 0.025, 0.8)
	require.NoError(t, err)
	rejected, rng := 0, streams.New(1, "needed")
	const trials = 2000
	for range trials {
		values := make([]float64, n)
		for i := range values {
			values[i] = sample[rng.IntN(len(sample))]
		}
		p, err := betting.Below(values, -0.05)
		require.NoError(t, err)
		if p <= 0.025 {
			rejected++
		}
	}
	// The normal approximation and the mixture of the sizes err by some percent.
	require.InDelta(t, 0.8, float64(rejected)/trials, 0.12, "n = %d", n)

	n, err = betting.Needed(sample, -0.05, 0.025, 0.8)
	require.NoError(t, err)
	require.Zero(t, n, "the mean is on the other side")
}

func TestIntervalErrors(t *testing.T) {
	for name, method := range methods() {
		for _, values := range [][]float64{{0.5, math.NaN()}, {math.Inf(1)}} {
			_, err := method.Interval(values, level)
			require.ErrorIs(t, err, stats.ErrSample, name)
		}
		_, err := method.Interval([]float64{0.5}, 95)
		require.ErrorIs(t, err, stats.ErrSample, name)
	}
	for _, method := range []stats.Method{stats.Bounded(stats.Range{Low: 0, High: 1}), stats.Gaffke{Within: stats.Range{Low: 0, High: 1}}} {
		_, err := method.Interval([]float64{1.1}, level)
		require.ErrorContains(t, err, "value 1.1: must be from 0 to 1")
	}
	_, err := stats.Gaffke{}.Interval(nil, level)
	require.ErrorContains(t, err, "must ascend")
	_, err = stats.Wilson(3, 2, level)
	require.EqualError(t, err, "stats: wilson: bad sample: 3 successes in 2 trials")
	_, err = stats.Bounded(stats.Range{Low: 0, High: 1}).Needed([]float64{1}, 0.5, 0, 0.8)
	require.ErrorIs(t, err, stats.ErrSample)
	_, err = stats.Symmetric(1).Above([]float64{math.NaN()}, 0)
	require.ErrorIs(t, err, stats.ErrSample)
}

func TestPercent(t *testing.T) {
	for _, tc := range []struct {
		share  stats.Number
		images int
		want   string
	}{
		{0.973, 100, "97"}, {0.973, 499, "97"}, {0.973, 500, "97.3"}, {1, 4800, "100.0"}, {0, 12, "0"}, {stats.Undefined(), 0, "-"},
	} {
		require.Equal(t, tc.want, stats.Percent(tc.share, tc.images))
	}
}
