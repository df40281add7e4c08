package experiments

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is stored counts for what it holds, not for its age: a run goes on from
// results and checkpoints of the future, as they are once the clock was set back,
// and from those of long ago.
func TestClockMayBeSet(t *testing.T) {
	plan := newTinyPlan(t)
	want, hash := undisturbed(t, plan), hashes(t, plan)[0]
	for name, written := range map[string]time.Time{
		"back":    time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		"forward": time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			store := openStore(t)
			runner, _ := newRunner(store, 1, fault{Cell: hash, Kind: "fail", Epoch: 3})
			outcome, err := runner.Run(t.Context(), plan.Cells)
			require.NoError(t, err)
			require.Len(t, outcome.Failed, 1)
			files := 0
			require.NoError(t, filepath.WalkDir(store.dir, func(path string, _ fs.DirEntry, err error) error {
				files++
				require.NoError(t, err)
				return os.Chtimes(path, written, written)
			}))
			require.Greater(t, files, 4*len(want)/5)

			runner, seen := newRunner(store, 1, fault{})
			outcome, err = runner.Run(t.Context(), plan.Cells)
			require.NoError(t, err)
			require.Equal(t, &Outcome{Cells: 5, Stored: 4, Trained: 1}, outcome)
			require.Len(t, seen.of(KindResumed), 1)
			require.Equal(t, want, deterministic(t, store, plan))
			requireNoLeftovers(t, store)
		})
	}
}
