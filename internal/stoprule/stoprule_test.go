package stoprule

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Rule{
		"":                              {},
		"  ":                            {},
		"loss < 0.01":                   {0.01, 1},
		" loss<1e-2 ":                   {0.01, 1},
		"loss < 0.5 for 2 epochs":       {0.5, 2},
		"loss <3 for  1 epoch":          {3, 1},
		"loss < 0.010 for 01 epochs":    {0.01, 1},
		"loss < 2.5 for 1000000 epochs": {2.5, 1000000},
	} {
		rule, err := Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, rule, text)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"0.01", "loss", "loss <", "loss > 0.1", "loss <= 0.1", "accuracy < 0.1", "loss < 0", "loss < -1", "loss < NaN", "loss < +Inf", "loss < 1e999",
		"loss < x", "loss < 0.1 for", "loss < 0.1 for 2", "loss < 0.1 for 0 epochs", "loss < 0.1 for 2.5 epochs", "loss < 0.1 in 2 epochs",
		"loss < 0.1 for 2 steps", "loss < 0.1 for 2 epochs or so", "loss < < 0.1",
	} {
		_, err := Parse(text)
		require.ErrorIs(t, err, ErrRule, text)
	}
}

// A rule's text is read as the rule, and there is one text for each rule.
func TestTextOfARule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := Rule{rapid.Float64Range(1e-300, 1e300).Draw(t, "loss"), rapid.IntRange(1, 1000).Draw(t, "epochs")}
		again, err := Parse(rule.String())
		require.NoError(t, err)
		require.Equal(t, rule, again)
		require.Equal(t, rule.String(), again.String())
	})
	require.Empty(t, Rule{}.String())
}

// The rule is met where the losses of that many epochs in a row are below the bound,
// which the last epoch of a shorter training decides alone.
func TestEndIsTheFirstEpochThatMeetsTheRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := Rule{0.5, rapid.IntRange(0, 4).Draw(t, "epochs")}
		losses := rapid.SliceOf(rapid.SampledFrom([]float64{0.1, 0.5, 0.9, math.NaN()})).Draw(t, "losses")
		want, run := len(losses), 0
		met := false
		for i, loss := range losses {
			if run++; !(loss < 0.5) {
				run = 0
			}
			if rule.Epochs > 0 && run >= rule.Epochs {
				want, met = i+1, true
				break
			}
		}
		of := func(epoch int) float64 { return losses[epoch] }
		end, ended := rule.End(len(losses), of)
		require.Equal(t, want, end)
		require.Equal(t, met, ended)
		for n := range end {
			require.False(t, rule.Met(n, of))
		}
	})
}
