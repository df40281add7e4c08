package runtest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// verifiable is the store that Verifiable copies.
var verifiable enginetest.OnceDir

// Verifiable returns a store with the game of two attackers, with all artefacts, and their single
// games, and the hash of the game. The store is a copy that the test may change.
func Verifiable(t *testing.T) (*store.Store, string) {
	t.Helper()
	plan := enginetest.NewPlan(t)
	original, err := verifiable.Path(func(dir string) error {
		st, err := store.Open(dir)
		if err != nil {
			return err
		}
		runner, _ := NewRunner(st, 1, enginetest.Fault{})
		if _, err := runner.Run(context.Background(), plan.Cells[:2]); err != nil {
			return err
		}
		runner.Artefacts = enginetest.AllArtefacts
		_, err = runner.Run(context.Background(), plan.Cells[2:3])
		return err
	})
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "runs")
	require.NoError(t, os.CopyFS(dir, os.DirFS(original)))
	st, err := store.Open(dir)
	require.NoError(t, err)
	return st, plan.Games[1].Cell
}

// StoredSummary trains the cells of a sweep with the fake engine in this process, and returns its summary and the
// store.
func StoredSummary(t *testing.T, sweep *plan.Sweep) (*summary.Summary, *store.Store) {
	t.Helper()
	st, err := store.Open(t.TempDir())
	require.NoError(t, err)
	for _, cell := range sweep.Cells {
		hash, err := cell.Hash()
		require.NoError(t, err)
		claim, err := st.Claim(hash)
		require.NoError(t, err)
		request := enginetest.NewTrain(t, cell)
		request.Dir, err = claim.Dir()
		require.NoError(t, err)
		events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, request)
		require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		draft, err := claim.Draft()
		require.NoError(t, err)
		require.NoError(t, claim.Commit(draft))
		require.NoError(t, claim.Release())
	}
	s, err := summary.Summarize(sweep, st)
	require.NoError(t, err)
	return s, st
}
