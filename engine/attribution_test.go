package engine

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/detect"
	"backfire/defenses/indexing"
	"backfire/experiments/store"
	"backfire/game"
)

// Every similarity, those that learn and match included, is asked about the features of a trained network whose images
// carry which attacker's trigger. On batches of stamped images each finds the attacker more often than a random guess.
func TestSimilaritiesOfATrainedNetwork(t *testing.T) {
	plan := tinyPlan(t, "attackers.counts=3", "attackers.singles=0", "attackers.labels=same", "attackers.p=0.6", "model.width=4", "train.epochs=8",
		"defenders=indexing_unknown", "indexing.update=unlearn", "indexing.batch=4")
	at := slices.IndexFunc(plan.Games[0].Defenders[0].Models, func(hash string) bool {
		c, _ := plan.Cell(hash)
		return c.Attribution != nil
	})
	c, _ := plan.Cell(plan.Games[0].Defenders[0].Models[at])
	probes, err := (&store.Record{Cell: c, Dir: played(t, c)}).AttributedProbes()
	require.NoError(t, err)
	for i, method := range detect.Methods() {
		hits, of := 0, 0
		for _, p := range probes {
			require.Len(t, p.Guesses[indexing.Image], len(detect.Methods()))
			require.Len(t, p.Guesses[indexing.Batch], len(detect.Methods()))
			if p.Probe.Trigger == game.NoTrigger {
				continue
			}
			if of++; p.Guesses[indexing.Batch][i] == p.Probe.Owner {
				hits++
			}
		}
		t.Logf("%s: %d of %d", method, hits, of)
		require.Positive(t, of)
		require.Greater(t, 3*hits, of, method)
	}
}
