package summary

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/detect"
	"backfire/experiments/cell"
	"backfire/game"
	"backfire/stats"
)

// The first of a ranking is the guess, of equals too, and every attacker is in it.
func TestRank(t *testing.T) {
	cell := cell.Cell{Game: game.Rules{Attackers: []game.Attacker{{ID: 7}, {ID: 0}, {ID: 3}, {ID: 4}}}}
	for _, similarity := range [][]float64{
		{-2, 1, 0.5, 1}, {math.NaN(), -3, -3, -9}, {math.Inf(-1), math.NaN(), 0, 0}, {1, 1, 1, 1},
	} {
		var numbers []stats.Number
		for _, s := range similarity {
			numbers = append(numbers, stats.Number(s))
		}
		ranking := Rank(cell, numbers)
		require.Equal(t, cell.Game.Attackers[detect.Guess(similarity)].ID, ranking[0].Agent, "%v", similarity)
		seen := map[int]bool{}
		for i, s := range ranking {
			seen[s.Agent] = true
			if i > 0 && s.Similarity.Defined() {
				require.LessOrEqual(t, s.Similarity, ranking[i-1].Similarity)
			}
		}
		require.Len(t, seen, 4)
	}
}

func TestModelSetFindsTheModelWithoutAnAgent(t *testing.T) {
	model := func(hash string, excluded ...int) ModelChoice {
		m := ModelChoice{Hash: hash}
		if len(excluded) > 0 {
			m.Cell.Defense = &cell.Defense{Excluded: excluded}
		}
		return m
	}
	p := &ModelSet{Models: []ModelChoice{model("all"), model("a", 0, 2), model("b", 1)}}
	require.True(t, p.Indexed())
	require.Equal(t, "a", p.Without(2).Hash)
	require.Equal(t, "b", p.Without(1).Hash)
	require.Nil(t, p.Without(3))
	require.False(t, (&ModelSet{Models: []ModelChoice{model("all")}}).Indexed())
}
