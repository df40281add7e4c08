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

// The same cell has the same weights whatever the number of workers, in processes of their own or
// in one.
func TestWeightsDoNotDependOnTheWorkers(t *testing.T) {
	plan := tinyPlan(t, "model.width=4")
	train := func(workers, perProcess, wantProcesses int) []string {
		store, err := store.Open(t.TempDir())
		require.NoError(t, err)
		var processes atomic.Int32
		r := &runner.Runner{
			Store: store, Artefacts: keepModels, Workers: workers, PerProcess: perProcess, Threads: 1, Device: "cpu",
			Command: func() (*exec.Cmd, error) {
				processes.Add(1)
				return testEngine()()
			},
		}
		outcome, err := r.Run(context.Background(), plan.Cells)
		require.NoError(t, err)
		require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
		require.EqualValues(t, wantProcesses, processes.Load())
		var all []string
		for _, cell := range plan.Cells {
			hash, err := cell.Hash()
			require.NoError(t, err)
			record, err := store.Read(hash)
			require.NoError(t, err)
			all = append(all, weights(t, store, cell), record.Result.Digest)
		}
		return all
	}
	want := train(1, 1, 1)
	require.Len(t, unique(want), 10, "other cells have other weights")
	require.Equal(t, want, train(3, 1, 3), "three processes")
	require.Equal(t, want, train(3, 3, 1), "three models in one process")
}

// unique returns the set of values.
func unique(values []string) map[string]bool {
	all := map[string]bool{}
	for _, v := range values {
		all[v] = true
	}
	return all
}
