package worker_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets/testset"
	"backfire/experiments/cell"
	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// modelsOf returns the cells of the models of a defender in the game of three attackers on the
// tiny set, the one that answers first, and the game without a defense.
func modelsOf(t *testing.T, defender string) (models []cell.Cell, twin cell.Cell) {
	t.Helper()
	planned := enginetest.DefendedPlan(t, enginetest.DefendedConfig(t, defender))
	g := planned.Games[1]
	twin, _ = planned.Cell(g.Cell)
	require.Equal(t, make([]int, 3), g.Defenders[0].Answers, "one model answers for all agents")
	for _, hash := range g.Defenders[0].Models {
		c, _ := planned.Cell(hash)
		models = append(models, c)
	}
	return models, twin
}

// hashOf returns the hash of a cell.
func hashOf(t *testing.T, c cell.Cell) string {
	t.Helper()
	hash, err := c.Hash()
	require.NoError(t, err)
	return hash
}

// trainWith trains the cell of a request in a directory of its own, which it returns.
func trainWith(t *testing.T, request worker.Train) string {
	t.Helper()
	request.Dir = t.TempDir()
	events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, request)
	last := events[len(events)-1]
	require.Equal(t, worker.KindDone, last.Kind, last.Error)
	return request.Dir
}

// contentOf reads a file.
func contentOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// resultOf reads the result in a directory.
func resultOf(t *testing.T, dir string) store.Result {
	t.Helper()
	result, err := store.ReadResult(disk.In(dir))
	require.NoError(t, err)
	return result
}

// A filter that looks at the undefended model shares it with the game without a defense; loss
// isolation looks at a training of its own.
func TestModelsOfFiltersAndRepairs(t *testing.T) {
	models, twin := modelsOf(t, "spectral_signatures")
	require.Len(t, models, 2)
	require.Equal(t, hashOf(t, twin), hashOf(t, models[1]))

	models, twin = modelsOf(t, "loss_isolation(first=0.5)")
	require.Len(t, models, 2)
	require.Equal(t, 1, models[1].Training.Epochs)
	require.NotEqual(t, hashOf(t, twin), hashOf(t, models[1]))

	models, _ = modelsOf(t, "perfect_filter")
	require.Len(t, models, 1, "it needs no model")

	models, twin = modelsOf(t, "cutmix+spectral_signatures+fine_tuning")
	require.Len(t, models, 3, "the repaired one, the filtered one and the first")
	require.Equal(t, "cutmix+spectral_signatures", models[1].Defense.Stack.String())
	require.Equal(t, "cutmix", models[2].Defense.Stack.String())
	require.True(t, models[0].Takes())
	require.NotEqual(t, hashOf(t, twin), hashOf(t, models[2]))
}

// The perfect filter removes every stamped image and no other one.
func TestPerfectFilter(t *testing.T) {
	models, twin := modelsOf(t, "perfect_filter")
	dir := enginetest.TrainCell(t, enginetest.Engine{}, models[0])
	result := resultOf(t, dir)
	_, before, _ := enginetest.TrainingOf(t, twin)
	poisoned := 0
	for _, row := range before.Rows {
		if row.Trigger != game.NoTrigger {
			poisoned++
		}
	}
	require.Equal(t, len(before.Rows)-poisoned, result.TrainingImages)
	require.Equal(t, 1.0, result.Filter.Precision.Value())
	require.Equal(t, 1.0, result.Filter.Recall.Value())
	require.Zero(t, result.Filter.HonestLost.Hits)
	require.Len(t, result.Filter.Agents, 3)
	require.Len(t, enginetest.ReadCSV(t, filepath.Join(dir, store.PoisonFile)), 1, "no stamped image is trained on")
	require.Len(t, enginetest.ReadCSV(t, filepath.Join(dir, removed.File)), 1+poisoned)
	gone, err := removed.Read(disk.In(dir))
	require.NoError(t, err)
	require.Equal(t, result.Filter, removed.Count(models[0], before.Rows, gone))
}

// A filtered training gives the same result whether it finds the state of the first model, its
// stored result or neither, and after a break.
func TestFilteredTrainingsAreTheSameFromAnywhere(t *testing.T) {
	models, twin := modelsOf(t, "spectral_signatures(epsilon=0.3)")
	fresh := enginetest.TrainCell(t, enginetest.Engine{}, models[0])
	want := resultOf(t, fresh)
	require.Positive(t, want.Filter.Precision.Of)
	files := []string{removed.File, store.PoisonFile, store.PredictionsFile, store.CellFile}

	states := t.TempDir()
	base := trainWith(t, worker.Train{
		Setup: worker.Setup{Cell: twin, Device: "cpu", Threads: 1}, States: states, SavesState: true, Artefacts: store.Artefacts{Model: true},
	})
	for name, request := range map[string]worker.Train{
		"state": {States: states}, "stored model": {Base: base}, "checkpoint": {Checkpoint: filepath.Join(t.TempDir(), "checkpoint")},
	} {
		request.Setup = worker.Setup{Cell: models[0], Device: "cpu", Threads: 1}
		dir := trainWith(t, request)
		require.Equal(t, want.Digest, resultOf(t, dir).Digest, name)
		for _, file := range files {
			require.Equal(t, contentOf(t, filepath.Join(fresh, file)), contentOf(t, filepath.Join(dir, file)), "%s: %s", name, file)
		}
		if name == "checkpoint" { // the first epoch is there: the filter's choice is read from it
			dir = trainWith(t, request)
			require.Equal(t, want.Digest, resultOf(t, dir).Digest, "resumed")
		}
	}
}

// A repair takes the trained model and leaves its training alone.
func TestRepairedModels(t *testing.T) {
	for _, defender := range []string{"fine_tuning", "spectral_signatures+fine_tuning"} {
		models, _ := modelsOf(t, defender)
		fresh := resultOf(t, enginetest.TrainCell(t, enginetest.Engine{}, models[0]))
		require.Equal(t, "fine_tuning", string(fresh.Repair.Kind))
		require.Equal(t, int64(10*fresh.Repair.CleanImages), fresh.Repair.Images)

		base := trainWith(t, worker.Train{
			Setup: worker.Setup{Cell: models[1], Device: "cpu", Threads: 1}, Artefacts: store.Artefacts{Model: true},
		})
		require.Nil(t, resultOf(t, base).Repair)
		dir := trainWith(t, worker.Train{
			Setup: worker.Setup{Cell: models[0], Device: "cpu", Threads: 1}, Base: base,
		})
		repaired := resultOf(t, dir)
		require.Equal(t, fresh.Digest, repaired.Digest, defender)
		require.Equal(t, 2, repaired.Provenance.Resumed, "nothing is trained a second time")
		require.Equal(t, resultOf(t, base).FinalLoss, repaired.FinalLoss)
	}
}

// Rows that no filter can have removed are refused.
func TestRemovedRowsMustBeContributed(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	models, _ := modelsOf(t, "perfect_filter")
	for _, gone := range [][]int{{0}, {1 << 30}} { // the defender's, and none
		deal, err := worker.NewDeal(set, models[0])
		require.NoError(t, err)
		require.Nil(t, deal.Filtered())
		require.ErrorIs(t, deal.Remove(gone), removed.ErrFile)
	}
}
