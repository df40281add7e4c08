package runner_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/runner"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// kill -9 of a worker while a checkpoint is being written, before its draft is begun or before the
// draft becomes the checkpoint, and while the training went on: the cell resumes from the checkpoint
// before, to the same bytes.
func TestKilledWhileACheckpointIsWritten(t *testing.T) {
	plan := enginetest.NewPlan(t)
	want, hash := undisturbed(t, plan), enginetest.Hashes(t, plan)[4]
	for _, tc := range []struct {
		writing int // the epochs of the checkpoint that is being written
		drafted bool
	}{{1, false}, {1, true}, {2, false}, {2, true}} {
		store := enginetest.OpenStore(t)
		r, seen := runtest.NewRunner(store, 2, enginetest.Fault{
			Cell: hash, Kind: "kill", Epoch: 3, Writing: tc.writing, Drafted: tc.drafted, Once: filepath.Join(t.TempDir(), "killed"),
		})
		outcome, err := r.Run(context.Background(), plan.Cells)
		require.NoError(t, err)
		require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
		require.Equal(t, want, enginetest.Deterministic(t, store, plan))
		enginetest.RequireNoLeftovers(t, store)
		require.Empty(t, seen.Of(worker.KindDiscarded))
		epochs := map[int]int{}
		for _, e := range seen.Of(worker.KindEpoch) {
			if e.Cell == hash {
				epochs[e.Epoch]++
			}
		}
		again := map[int]int{1: 2, 2: 2, 3: 1} // both epochs were over before the kill
		if tc.writing == 2 {
			again[1] = 1
		}
		require.Equal(t, again, epochs)
		record, err := store.Read(hash)
		require.NoError(t, err)
		require.Equal(t, tc.writing-1, record.Result.Provenance.Resumed)
	}
}
