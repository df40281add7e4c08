package game_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/game"
	"backfire/internal/streams"
	"backfire/triggers"
)

// Each probe once gives the rates of the score, under every reading. A probe
// that is listed twice counts twice.
func TestMeasureIsTheScoreOfAnyProbes(t *testing.T) {
	for _, denominator := range []game.Denominator{game.Own, game.Pooled} {
		for _, exclude := range []bool{true, false} {
			rules := paperRules(3)
			rules.Denominator, rules.ExcludeTargetClass = denominator, exclude
			set := newSet(t, evenLabels(500, 10), 10, triggers.Shape{C: 1, H: 8, W: 8})
			g, err := game.New(set, rules)
			require.NoError(t, err)
			list := g.Probes().List
			rng := streams.New(1, "test predictions")
			predicted := make([]uint16, len(list))
			for i := range predicted {
				predicted[i] = uint16(rng.IntN(len(set.Classes)))
			}
			score, err := g.Score(predicted)
			require.NoError(t, err)
			m := rules.Measure(len(set.Classes), list, predicted)
			require.Equal(t, score.Clean, m.Clean)
			for i, a := range score.Attackers {
				require.Equal(t, game.Success{ASR: a.ASR, BaseRate: a.BaseRate, Robustness: a.Robustness, Lift: a.Lift}, m.Attackers[i])
			}
			defender := list[:2]
			m = rules.Measure(len(set.Classes), append(defender[:2:2], defender...), []uint16{list[0].Label, list[1].Label, list[0].Label, (list[1].Label + 1) % 10})
			require.Equal(t, game.Rate{Hits: 3, Of: 4}, m.Clean)
			require.Equal(t, game.Rate{}, m.Attackers[0].ASR)
		}
	}
}
