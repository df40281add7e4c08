package runner_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/runner"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// Stored files count for their content, not for their age: a run resumes from results and
// checkpoints of the future, as they are after the clock was set back, and from those of long ago.
func TestClockMayBeSet(t *testing.T) {
	plan := enginetest.NewPlan(t)
	want, hash := undisturbed(t, plan), enginetest.Hashes(t, plan)[0]
	for name, written := range map[string]time.Time{
		"back":    time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		"forward": time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			store := enginetest.OpenStore(t)
			r, _ := runtest.NewRunner(store, 1, enginetest.Fault{Cell: hash, Kind: "fail", Epoch: 3})
			outcome, err := r.Run(t.Context(), plan.Cells)
			require.NoError(t, err)
			require.Len(t, outcome.Failed, 1)
			files := 0
			require.NoError(t, filepath.WalkDir(store.Dir(), func(path string, _ fs.DirEntry, err error) error {
				files++
				require.NoError(t, err)
				return os.Chtimes(path, written, written)
			}))
			require.Greater(t, files, 4*len(want)/5)

			r, seen := runtest.NewRunner(store, 1, enginetest.Fault{})
			outcome, err = r.Run(t.Context(), plan.Cells)
			require.NoError(t, err)
			require.Equal(t, &runner.Outcome{Cells: 5, Stored: 4, Trained: 1}, outcome)
			require.Len(t, seen.Of(worker.KindResumed), 1)
			require.Equal(t, want, enginetest.Deterministic(t, store, plan))
			enginetest.RequireNoLeftovers(t, store)
		})
	}
}
