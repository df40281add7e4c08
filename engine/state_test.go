package engine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// Models that resume from the states of others (agent indexing, sliced and with an unknown index)
// end with the same bytes as if they had been trained from the start. Unlearning an attacker
// changes the predictions of the model, for each attacker differently.
func TestModelsResumeFromTheStatesOfOthers(t *testing.T) {
	plan := tinyPlan(t, "attackers.counts=3", "attackers.singles=0", "attackers.p=0.5", "train.epochs=2", "train.batch=16",
		"defenders=indexing_sliced,indexing_unknown", "indexing.models=2", "indexing.update=unlearn", "indexing.unlearn_lr=0.02")
	require.Len(t, plan.Cells, 1+1+3+1)
	contents := func(dir string) string {
		var all strings.Builder
		for _, name := range []string{store.PredictionsFile, store.QueriesFile, store.UnlearnedFile} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if !os.IsNotExist(err) {
				require.NoError(t, err)
			}
			all.Write(text)
		}
		var result store.Result
		readJSON(t, filepath.Join(dir, store.ResultFile), &result)
		return all.String() + result.Digest
	}
	states := t.TempDir()
	resumed := 0
	for i, cell := range plan.Cells {
		cell.Model.Width = 4
		request := enginetest.NewTrain(t, cell)
		request.States, request.SavesState = states, i == 0
		events := work(t, LibTorch{}, request)
		require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		if slices.ContainsFunc(events, func(e worker.Event) bool { return e.Kind == worker.KindResumed }) {
			resumed++
			require.Equal(t, contents(played(t, cell)), contents(request.Dir), cell.Title())
		}
		if cell.Attribution == nil {
			continue
		}
		before, err := os.ReadFile(filepath.Join(request.Dir, store.PredictionsFile))
		require.NoError(t, err)
		all, err := os.ReadFile(filepath.Join(request.Dir, store.UnlearnedFile))
		require.NoError(t, err)
		require.Len(t, all, 3*len(before))
		after := slices.Collect(slices.Chunk(all, len(before)))
		for j, predicted := range after {
			require.NotEqual(t, before, predicted)
			require.NotEqual(t, after[(j+1)%3], predicted)
		}
	}
	require.GreaterOrEqual(t, resumed, 2, "those that leave out an attacker of the second slice, and the one with an attribution")
}

// Unlearning with a learning rate that makes the network diverge fails for good, as any divergence
// does, and the error names attacker and rate.
func TestUnlearningThatDivergesIsFinal(t *testing.T) {
	plan := tinyPlan(t, "attackers.counts=2", "attackers.singles=0", "train.epochs=1",
		"defenders=indexing_unknown", "indexing.update=unlearn", "indexing.unlearn_lr=1e30")
	cell := plan.Cells[len(plan.Cells)-1]
	require.NotNil(t, cell.Attribution)
	events := work(t, LibTorch{}, enginetest.NewTrain(t, cell))
	last := events[len(events)-1]
	require.Equal(t, worker.KindFailed, last.Kind)
	require.True(t, last.Final)
	require.Regexp(t, `unlearn agent 0: .*diverged: the loss became \S+ after \d of 10 steps \(learning rate 1e\+30\)`, last.Error)
}
