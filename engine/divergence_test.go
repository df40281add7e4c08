package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/divergence"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/stats"
)

// On features of a trained network, each attacker's images of the target class lie farther from the
// images of all agents than the defender's images of a class without poison do. The divergences
// depend on the cell alone.
func TestDivergencesOfATrainedNetwork(t *testing.T) {
	plan := tinyPlan(t, "attackers.counts=2", "model.width=4")
	cell, ok := plan.Cell(plan.Games[0].Cell)
	require.True(t, ok)
	for i := range cell.Game.Attackers {
		cell.Game.Attackers[i].ID += 5
	}
	var texts []string
	var measured store.Divergences
	for range 2 {
		request := enginetest.NewTrain(t, cell)
		request.Artefacts.Divergence = true
		events := work(t, LibTorch{}, request)
		require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		path := filepath.Join(request.Dir, store.DivergenceFile)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		texts = append(texts, string(text))
		readJSON(t, path, &measured)
	}
	require.Equal(t, texts[0], texts[1])
	hash, err := cell.Hash()
	require.NoError(t, err)
	require.Equal(t, hash, measured.Cell)
	require.Equal(t, 8*4, measured.Features, "8 times the width")

	target, rows := cell.Game.Attackers[0].Target, 0
	whole := map[[2]int]stats.Number{} // by agent and class
	for _, d := range measured.Divergences {
		if d.Part == divergence.All {
			rows += d.Rows
			whole[[2]int{d.Agent, d.Class}] = d.MMD2
		}
		if d.Part == divergence.Triggered {
			require.Contains(t, []int{5, 6}, d.Agent)
			require.Equal(t, target, d.Class)
		}
	}
	require.Equal(t, 320, rows, "the contributed 80 % of 400 images")
	require.Len(t, whole, 3*4)
	for _, id := range []int{5, 6} {
		require.Greater(t, whole[[2]int{id, target}], whole[[2]int{game.Defender, target + 1}])
	}
}
