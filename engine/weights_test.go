package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/runner"
	"backfire/experiments/store"
)

// keepModels asks for the stored model.
var keepModels = store.Artefacts{Model: true}

// weights returns the SHA-256 of the stored model of a cell: of its tensors with their names and
// shapes.
func weights(t *testing.T, st *store.Store, cell cell.Cell) string {
	t.Helper()
	hash, err := cell.Hash()
	require.NoError(t, err)
	content, err := os.ReadFile(filepath.Join(st.Path(hash), store.ModelFile))
	require.NoError(t, err)
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// trainedWeights trains the cells of a plan and returns the SHA-256 of the models and the digests of
// the results. It requires the number of processes that this takes.
func trainedWeights(t *testing.T, cells []cell.Cell, workers, perProcess, threads, wantProcesses int, variables ...string) []string {
	t.Helper()
	store, err := store.Open(t.TempDir())
	require.NoError(t, err)
	var processes atomic.Int32
	r := &runner.Runner{
		Store: store, Artefacts: keepModels, Workers: workers, PerProcess: perProcess, Threads: threads, Device: "cpu",
		Command: func() (*exec.Cmd, error) {
			processes.Add(1)
			return testEngine(variables...)()
		},
	}
	outcome, err := r.Run(context.Background(), cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: len(cells), Trained: len(cells)}, outcome)
	require.EqualValues(t, wantProcesses, processes.Load())
	return storedWeights(t, store, cells)
}

// storedWeights returns the SHA-256 of the stored models of cells and the digests of their results.
func storedWeights(t *testing.T, store *store.Store, cells []cell.Cell) []string {
	t.Helper()
	var all []string
	for _, cell := range cells {
		hash, err := cell.Hash()
		require.NoError(t, err)
		record, err := store.Read(hash)
		require.NoError(t, err)
		all = append(all, weights(t, store, cell), record.Result.Digest)
	}
	return all
}

// The same cell has the same weights whatever the number of workers, in processes of their own or
// in one.
func TestWeightsDoNotDependOnTheWorkers(t *testing.T) {
	cells := tinyPlan(t, "model.width=4").Cells
	want := trainedWeights(t, cells, 1, 1, 1, 1)
	require.Len(t, unique(want), 10, "other cells have other weights")
	require.Equal(t, want, trainedWeights(t, cells, 3, 1, 1, 3), "three processes")
	require.Equal(t, want, trainedWeights(t, cells, 3, 3, 1, 1), "three models in one process")
}

// The same cell has the same weights and results where trainings get the cores that no other needs.
func TestWeightsDoNotDependOnSharedCores(t *testing.T) {
	cells := tinyPlan(t, "model.width=8").Cells[:3]
	want := trainedWeights(t, cells, 1, 1, 1, 1)
	for _, workers := range []int{1, 2} {
		store, err := store.Open(t.TempDir())
		require.NoError(t, err)
		r := &runner.Runner{Store: store, Artefacts: keepModels, Workers: workers, Threads: 1, Cores: 3, Device: "cpu", Command: testEngine()}
		_, err = r.Run(context.Background(), cells)
		require.NoError(t, err)
		require.Equal(t, want, storedWeights(t, store, cells), "workers: %d", workers)
	}
}

// The same cell has the same weights and results with the kernels for AVX2 or in plain C++ in place of
// the processor's, and with two threads.
func TestWeightsDoNotDependOnTheProcessor(t *testing.T) {
	cells := tinyPlan(t, "model.width=8").Cells[:2]
	want := trainedWeights(t, cells, 1, 1, 1, 1)
	for _, capability := range []string{"avx2", "default"} {
		require.Equal(t, want, trainedWeights(t, cells, 1, 1, 1, 1, "ATEN_CPU_CAPABILITY="+capability), capability)
	}
	require.Equal(t, want, trainedWeights(t, cells, 1, 1, 2, 1), "two threads")
}

// unique returns the set of values.
func unique(values []string) map[string]bool {
	all := map[string]bool{}
	for _, v := range values {
		all[v] = true
	}
	return all
}
