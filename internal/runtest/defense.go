package runtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// StoredSummary trains the cells of a sweep with the fake engine and returns its summary.
func StoredSummary(t *testing.T, sweep *plan.Sweep) (*summary.Summary, *store.Store) {
	t.Helper()
	store, err := store.Open(t.TempDir())
	require.NoError(t, err)
	for _, cell := range sweep.Cells {
		hash, err := cell.Hash()
		require.NoError(t, err)
		claim, err := store.Claim(hash)
		require.NoError(t, err)
		dir, err := claim.Dir()
		require.NoError(t, err)
		job := enginetest.NewJob(t, cell)
		job.Dir = dir
		events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, job)
		require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		draft, err := claim.Draft()
		require.NoError(t, err)
		require.NoError(t, claim.Commit(draft))
		require.NoError(t, claim.Release())
	}
	s, err := summary.Summarize(sweep, store)
	require.NoError(t, err)
	return s, store
}
