package runner_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// One damaged note of a failure or of an open run stops no worker and no status. Its cell is tried once more.
func TestDamagedNotesStopNothing(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"half": func(path string) error { return os.WriteFile(path, []byte(`{"cell": "`), disk.FileMode) },
		"pipe": func(path string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, disk.FileMode)) },
		"link": func(path string) error { return errors.Join(os.Remove(path), os.Symlink("/dev/zero", path)) },
	} {
		t.Run(name, func(t *testing.T) {
			sweep, st := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", enginetest.WeakConfig(0))), enginetest.OpenStore(t)
			hash, err := sweep.Hash()
			require.NoError(t, err)
			cell, err := sweep.Cells[0].Hash()
			require.NoError(t, err)
			require.NoError(t, st.NoteFailure(hash, store.Failure{Cell: cell}, true))
			require.NoError(t, st.NoteRun(t.Context(), store.OpenRun{Sweep: hash, Cells: []store.OpenCell{{Cell: cell}}}))
			note, open := filepath.Join(st.PlanDir(hash), "failed", cell+".json"), filepath.Join(st.PlanDir(hash), "open.json")
			for _, path := range []string{note, open} {
				require.NoError(t, damage(path))
			}
			progress, err := runner.ProgressOf(sweep, st)
			require.NoError(t, err)
			require.Empty(t, progress.Failed)
			require.Len(t, progress.DamagedNotes, 1)
			require.Contains(t, progress.DamagedNotes[0], note)
			outcome := runtest.Sharers(t, st, sweep, 1, enginetest.Fault{})[0]
			require.Equal(t, len(sweep.Cells), outcome.Trained)
			require.Empty(t, outcome.Failed)
			_, err = st.Garbage(time.Now(), plan.References)
			require.NoError(t, err)
		})
	}
}
