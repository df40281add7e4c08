package game_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/game"
)

// The distances are those that the definition gives, counted from the predictions.
func TestRandomnessAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "game")
		g := s.play(t)
		list, classes := g.Probes().List, len(s.set.Classes)
		model := guesser(g, classes, rapid.Uint64().Draw(t, "model"))
		predicted := make([]uint16, len(list))
		for i, probe := range list {
			predicted[i] = model(probe)
		}
		score, err := g.Score(predicted)
		require.NoError(t, err)
		for i := range s.rules.Attackers {
			share := func(stamped bool, class int) float64 {
				rate := oracle(list, predicted,
					func(p game.Probe, _ int) bool { return p.Owner == i && (p.Trigger != game.NoTrigger) == stamped },
					func(_ game.Probe, predicted int) bool { return predicted == class })
				return rate.Value()
			}
			uniform, unstamped := 0.0, 0.0
			for class := range classes {
				uniform += math.Abs(share(true, class)-1/float64(classes)) / 2
				unstamped += math.Abs(share(true, class)-share(false, class)) / 2
			}
			got := score.Attackers[i].Randomness
			require.NotNil(t, got)
			if len(g.Deal().Attackers[i].HeldOut) == 0 {
				require.False(t, got.Uniform.Defined())
				require.False(t, got.Unstamped.Defined())
				continue
			}
			require.InDelta(t, uniform, float64(got.Uniform), 1e-12)
			require.InDelta(t, unstamped, float64(got.Unstamped), 1e-12)
			require.LessOrEqual(t, float64(got.Uniform), 1-1/float64(classes)+1e-12)
		}
	})
}

// A model that takes every stamped image for one class is as far from uniform as possible. One
// that the trigger does not change has no distance from itself.
func TestRandomnessOfExtremes(t *testing.T) {
	set := newSet(t, evenLabels(1000, 10), 10, tiny)
	g := scenario{set, paperRules(2)}.play(t)
	score := predict(t, g, func(p game.Probe) uint16 {
		if p.Trigger == 0 {
			return 2
		}
		return p.Label
	})
	require.InDelta(t, 0.9, float64(score.Attackers[0].Randomness.Uniform), 1e-12)
	require.Greater(t, float64(score.Attackers[0].Randomness.Unstamped), 0.7)
	require.Zero(t, score.Attackers[1].Randomness.Unstamped)
	require.Less(t, float64(score.Attackers[1].Randomness.Uniform), 0.3)
}
