package stats_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/stats"
)

// nestedReference is a design with what scripts/reference/components.py computed of it.
type nestedReference struct {
	Name   string       `json:"name"`
	Values stats.Nested `json:"values"`
	Anova  struct {
		Game     float64  `json:"game"`
		Attacker *float64 `json:"attacker"`
		Training float64  `json:"training"`
		Rest     *float64 `json:"rest"`
		Share    float64  `json:"share"`
	} `json:"anova"`
	Betting, Normal struct{ Share, Game, Training []float64 }
}

func readNested(t *testing.T) []nestedReference {
	t.Helper()
	raw, err := os.ReadFile("testdata/components.json")
	require.NoError(t, err)
	var r struct{ Cases []nestedReference }
	require.NoError(t, json.Unmarshal(raw, &r))
	require.NotEmpty(t, r.Cases)
	return r.Cases
}

// The components are those of the global analysis of variance, and the intervals those of
// a search over a grid.
func TestComponentsReference(t *testing.T) {
	for _, c := range readNested(t) {
		t.Run(c.Name, func(t *testing.T) {
			got, err := c.Values.Components(share, 0.95)
			require.NoError(t, err)
			require.InDelta(t, max(0, c.Anova.Game), float64(got.Game.Variance), 1e-9)
			require.InDelta(t, max(0, c.Anova.Training), float64(got.Training.Variance), 1e-9)
			require.InDelta(t, c.Anova.Share, float64(got.TrainingShare), 1e-9)
			require.Equal(t, c.Anova.Attacker == nil, got.Attacker == nil)
			if got.Attacker != nil {
				require.InDelta(t, max(0, *c.Anova.Attacker), float64(got.Attacker.Variance), 1e-9)
				require.InDelta(t, *c.Anova.Rest, float64(got.Rest.Variance), 1e-9)
				require.LessOrEqual(t, float64(got.Attacker.Low), float64(got.Attacker.Variance))
				require.GreaterOrEqual(t, float64(got.Attacker.High), float64(got.Attacker.Variance))
				require.LessOrEqual(t, float64(got.Rest.Low), float64(got.Rest.Variance))
				require.GreaterOrEqual(t, float64(got.Rest.High), float64(got.Rest.Variance))
			}
			const grid = 0.001 // of the reference
			require.InDelta(t, c.Betting.Share[0], float64(got.ShareLow), grid)
			require.InDelta(t, c.Betting.Share[1], float64(got.ShareHigh), grid)
			require.InDelta(t, c.Betting.Game[0], float64(got.Game.Low), grid/4)
			require.InDelta(t, c.Betting.Game[1], float64(got.Game.High), grid/4)

			got, err = c.Values.NormalComponents(0.95)
			require.NoError(t, err)
			for _, limits := range []struct {
				want      []float64
				low, high stats.Number
			}{
				{c.Normal.Share, got.ShareLow, got.ShareHigh},
				{c.Normal.Game, got.Game.Low, got.Game.High},
				{c.Normal.Training, got.Training.Low, got.Training.High},
			} {
				require.InEpsilon(t, 1+limits.want[0], 1+float64(limits.low), 1e-6)
				require.InEpsilon(t, 1+limits.want[1], 1+float64(limits.high), 1e-6)
			}
		})
	}
}

// scaled returns the design with every value multiplied and moved.
func scaled(n stats.Nested, factor, by float64) stats.Nested {
	other := make(stats.Nested, len(n))
	for s := range n {
		for _, values := range n[s] {
			moved := make([]float64, len(values))
			for i, x := range values {
				moved[i] = factor*x + by
			}
			other[s] = append(other[s], moved)
		}
	}
	return other
}

// A component is in the square of the values' unit, and the share has none.
func TestComponentsUnit(t *testing.T) {
	for _, c := range readNested(t) {
		want, err := c.Values.Components(share, 0.95)
		require.NoError(t, err)
		got, err := scaled(c.Values, 2, -1).Components(change, 0.95)
		require.NoError(t, err)
		require.InDelta(t, float64(want.TrainingShare), float64(got.TrainingShare), 1e-9)
		require.InDelta(t, float64(want.ShareHigh), float64(got.ShareHigh), 1e-5)
		require.InDelta(t, 4*float64(want.Game.Variance), float64(got.Game.Variance), 1e-9)
		require.InDelta(t, 4*float64(want.Game.High), float64(got.Game.High), 1e-5)
		require.InDelta(t, 4*float64(want.Training.High), float64(got.Training.High), 1e-5)
	}
}

func TestComponentsOfEqualValues(t *testing.T) {
	alike := stats.Nested{{{1}, {1}}, {{1}, {1}}, {{1}, {1}}}
	c, err := alike.Components(share, 0.95)
	require.NoError(t, err)
	require.False(t, c.TrainingShare.Defined())
	require.Zero(t, float64(c.ShareLow))
	require.InDelta(t, 1, float64(c.ShareHigh), 1e-9)
	require.Zero(t, float64(c.Training.Variance))

	one := stats.Nested{{{1}, {0}}}
	c, err = one.Components(share, 0.95)
	require.NoError(t, err)
	require.InDelta(t, 0.5, float64(c.Training.Variance), 1e-12)
	require.False(t, c.Game.Variance.Defined(), "one seed does not tell")
	require.False(t, c.TrainingShare.Defined())
	require.Equal(t, [2]float64{0, 1}, [2]float64{float64(c.ShareLow), float64(c.ShareHigh)})
}

func TestComponentsRefuse(t *testing.T) {
	for name, n := range map[string]stats.Nested{
		"nothing": {}, "one training": {{{1}}}, "no attacker": {{{}, {}}}, "unlike trainings": {{{1}, {1}}, {{1}, {0}, {1}}},
		"unlike attackers": {{{1}, {1, 0}}}, "out of range": {{{2}, {1}}}, "undefined": {{{math.NaN()}, {1}}},
	} {
		_, err := n.Components(share, 0.95)
		require.ErrorIs(t, err, stats.ErrSample, name)
		_, err = n.NormalComponents(1.5)
		require.ErrorIs(t, err, stats.ErrSample, name)
	}
}
