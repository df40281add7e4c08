package worker_test

import (
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/jsonfile"
	"backfire/internal/stoprule"
)

// stoppable returns a cell of six epochs whose rule ends it after the returned number of
// epochs, three.
func stoppable(t *testing.T) (cell.Cell, int) {
	t.Helper()
	c := enginetest.NewPlan(t).Cells[0]
	c.Training.Epochs = 6
	lines := enginetest.ReadCSV(t, filepath.Join(enginetest.TrainCell(t, enginetest.Engine{}, c), store.MetricsFile))
	var losses []float64
	for _, line := range lines[1:] {
		loss, err := strconv.ParseFloat(line[1], 64)
		require.NoError(t, err)
		losses = append(losses, loss)
	}
	rule := stoprule.Rule{Loss: slices.Max(losses[:3]) * 1.000001, Epochs: 3}
	c.Training.StopWhen = rule.String()
	end, met := rule.End(len(losses), func(epoch int) float64 { return losses[epoch] })
	require.True(t, met)
	require.Equal(t, 3, end)
	return c, end
}

// A rule ends the training after the epoch that fulfils it, and the result records the
// epochs and the steps.
func TestRuleEndsATraining(t *testing.T) {
	c, end := stoppable(t)
	job := enginetest.NewTrain(t, c)
	job.Checkpoint = filepath.Join(t.TempDir(), store.CheckpointFile)
	events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, job)
	var epochs [][2]int
	for _, e := range events {
		if e.Kind == worker.KindEpoch {
			epochs = append(epochs, [2]int{e.Epoch, e.Epochs})
		}
	}
	require.Len(t, epochs, end)
	require.Equal(t, [2]int{end - 1, 6}, epochs[end-2])
	require.Equal(t, [2]int{end, end}, epochs[end-1], "the last epoch says that it is")
	var result store.Result
	require.NoError(t, jsonfile.Read(filepath.Join(job.Dir, store.ResultFile), &result))
	require.Equal(t, end, result.EpochsTrained)
	require.Equal(t, end, result.Epochs(c))
	require.Equal(t, end*320/16, result.StepsTrained)

	c.Training.StopWhen = "loss < 1e-300"
	require.NoError(t, jsonfile.Read(filepath.Join(enginetest.TrainCell(t, enginetest.Engine{}, c), store.ResultFile), &result))
	require.Equal(t, 6, result.EpochsTrained, "a rule that is never met leaves all epochs")
}

// A training that was interrupted before any epoch ends after the same one, with the same
// bytes.
func TestRuleHoldsForResumedTrainings(t *testing.T) {
	c, end := stoppable(t)
	want := enginetest.CellFiles(t, enginetest.TrainCell(t, enginetest.Engine{}, c))
	for epoch := 1; epoch <= end; epoch++ {
		job := enginetest.NewTrain(t, c)
		job.Checkpoint = filepath.Join(t.TempDir(), store.CheckpointFile)
		fault := enginetest.Fault{Kind: "fail", Epoch: epoch}
		events := enginetest.Work(t, &worker.Worker{Engine: enginetest.FaultyEngine{Engine: enginetest.Engine{}, Fault: fault}, Load: enginetest.Loader}, job)
		require.Equal(t, worker.KindFailed, events[len(events)-1].Kind)
		job.Dir = t.TempDir()
		events = enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, job)
		require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		require.Equal(t, epoch > 1, slices.ContainsFunc(events, func(e worker.Event) bool { return e.Kind == worker.KindResumed && e.Epoch == epoch-1 }))
		require.Equal(t, want, enginetest.CellFiles(t, job.Dir), "interrupted before epoch %d of %d", epoch, end)
	}
}

// An attribution starts from the end of a training that a rule ended, and gives the same
// bytes as if it had trained itself.
func TestRuleHoldsForAttributions(t *testing.T) {
	plan := enginetest.DefendedPlan(t, enginetest.UnknownConfig(t))
	at := slices.IndexFunc(plan.Cells, func(c cell.Cell) bool { return c.Attribution != nil })
	c, states := plan.Cells[at], filepath.Join(t.TempDir(), ".states")
	c.Training.Epochs, c.Training.StopWhen = 4, stoprule.Rule{Loss: 1e300, Epochs: 1}.String()
	base := enginetest.NewTrain(t, c.WithoutAttribution())
	base.States, base.SavesState = states, true
	job := enginetest.NewTrain(t, c)
	job.States = states
	events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, base, job)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	require.True(t, slices.ContainsFunc(events, func(e worker.Event) bool { return e.Kind == worker.KindResumed && e.Epoch == 1 }))
	require.Equal(t, enginetest.CellFiles(t, enginetest.TrainCell(t, enginetest.Engine{}, c)), enginetest.CellFiles(t, job.Dir))
}

// A rule that cannot be read, and one in a training in slices, fail for good.
func TestRuleThatCannotBeFollowed(t *testing.T) {
	c := enginetest.NewPlan(t).Cells[0]
	c.Training.StopWhen = "loss<0.1" // not as it is written
	plan, defender := enginetest.SlicedPlan(t)
	sliced, _ := plan.Cell(defender.Models[0])
	sliced.Training.StopWhen = "loss < 0.1"
	for _, c := range []cell.Cell{c, sliced} {
		events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, enginetest.NewTrain(t, c))
		last := events[len(events)-1]
		require.Equal(t, worker.KindFailed, last.Kind)
		require.True(t, last.Final)
		require.Contains(t, last.Error, "stop_when")
	}
}

// A training that its rule ends early has a learning curve up to there, the last epoch included.
func TestRuleEndsALearningCurve(t *testing.T) {
	c, end := stoppable(t)
	for every, want := range map[int][]int{1: {1, 2, 3}, 2: {2, 3}, 9: {3}} {
		job, _ := trainScored(t, c, curve.Request{Every: every}, nil)
		var epochs []int
		for _, p := range curveIn(t, job.Dir).Points {
			epochs = append(epochs, p.Epoch)
		}
		require.Equal(t, want, epochs)
		require.Equal(t, end, epochs[len(epochs)-1])
	}
}
