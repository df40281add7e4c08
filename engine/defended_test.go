package engine

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// cellsOf returns the first model of each defender of a plan's first game, and the undefended one
// as "none".
func cellsOf(t *testing.T, plan *plan.Plan) map[string]cell.Cell {
	t.Helper()
	cells := map[string]cell.Cell{}
	for _, defender := range plan.Games[0].Defenders {
		cell, ok := plan.Cell(defender.Models[0])
		require.True(t, ok)
		cells[defender.Name] = cell
	}
	cell, ok := plan.Cell(plan.Games[0].Cell)
	require.True(t, ok)
	cells["none"] = cell
	return cells
}

// played trains a cell and returns its files' directory.
func played(t *testing.T, cell cell.Cell) string {
	t.Helper()
	request := enginetest.NewTrain(t, cell)
	events := work(t, LibTorch{}, request)
	last := events[len(events)-1]
	require.Equal(t, worker.KindDone, last.Kind, last.Error)
	return request.Dir
}

// The engine applies what a defense draws: each defender ends with another model than the
// undefended one.
func TestLibTorchTrainsEveryDefender(t *testing.T) {
	plan := tinyPlan(t, "attackers.counts=2", "attackers.singles=0", "model.width=2", "train.epochs=1",
		"defenders=cutmix,mixup,agent_augmentation,adversarial_triggers,pgd,fgsm,indexing")
	losses := map[float64]string{}
	for name, cell := range cellsOf(t, plan) {
		var result store.Result
		readJSON(t, filepath.Join(played(t, cell), store.ResultFile), &result)
		require.NotContains(t, losses, result.FinalLoss, name)
		losses[result.FinalLoss] = name
	}
	require.Len(t, losses, 8)
}

// A defended training that was interrupted ends with the same bits as one that was not.
func TestDefendedCellsResumeFromCheckpoints(t *testing.T) {
	plan := tinyPlan(t, "attackers.counts=3", "attackers.singles=1", "train.epochs=2",
		"defenders=agent_augmentation+adversarial_triggers+cutmix+pgd+indexing")
	cell, ok := plan.Cell(plan.Games[0].Defenders[0].Models[1])
	require.True(t, ok)
	read := func(dir string) string {
		var result store.Result
		readJSON(t, filepath.Join(dir, store.ResultFile), &result)
		return result.Digest
	}
	want := read(played(t, cell))
	request := enginetest.NewTrain(t, cell)
	request.Checkpoint = filepath.Join(t.TempDir(), "checkpoint.safetensors")
	events := work(t, striking{LibTorch{}, 2, func() error { return errors.New("no luck") }}, request)
	require.Equal(t, worker.KindFailed, events[len(events)-1].Kind)
	request.Dir = t.TempDir()
	var kinds []worker.Kind
	for _, e := range work(t, LibTorch{}, request) {
		kinds = append(kinds, e.Kind)
	}
	require.Contains(t, kinds, worker.KindResumed)
	require.Equal(t, want, read(request.Dir))
}
