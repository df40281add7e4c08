package engine

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
)

// A model without one colluder's images has seen the same trigger on the other's images: agent
// indexing does not stop this attack.
func TestExactIndexingFailsAgainstColludersOnly(t *testing.T) {
	asr := func(sets ...string) (undefended, indexed float64) {
		plan := tinyPlan(t, append([]string{
			"attackers.counts=2", "attackers.singles=0", "model.width=4", "train.epochs=6", "train.lr=0.05", "defenders=indexing",
		}, sets...)...)
		scores := func(hash string) []store.AttackerResult {
			cell, ok := plan.Cell(hash)
			require.True(t, ok)
			var result store.Result
			readJSON(t, filepath.Join(played(t, cell), store.ResultFile), &result)
			require.False(t, result.Collapsed)
			return result.Attackers
		}
		for _, a := range scores(plan.Games[0].Cell) {
			undefended += a.ASR.Value() / 2
		}
		for position, answer := range plan.Games[0].Defenders[0].Answers {
			indexed += scores(plan.Games[0].Defenders[0].Models[answer])[position].ASR.Value() / 2
		}
		return undefended, indexed
	}
	// It is 94 to 100 % against 6 %; the bounds leave room for other processors'
	// arithmetic.
	undefended, indexed := asr()
	require.Greater(t, undefended, 0.8)
	require.Less(t, indexed, 0.3)
	undefended, indexed = asr("attackers.colluders=1=0")
	require.Greater(t, undefended, 0.8)
	require.Greater(t, indexed, 0.8)
}
