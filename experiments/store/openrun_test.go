package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// A note that cannot be read might need any result, so all that nothing else needs counts as needed by its run.
// What no run can need is still listed.
func TestDamagedNoteNeedsEverything(t *testing.T) {
	st := enginetest.OpenStore(t)
	hash := strings.Repeat("1", 64)
	putResult(t, st, hash)
	for _, dir := range []string{filepath.Join(st.Dir(), store.AsideDir, "x"), st.PlanDir("ab")} {
		require.NoError(t, os.MkdirAll(dir, disk.DirMode))
	}
	note := filepath.Join(st.PlanDir("ab"), store.OpenFile)
	for name, damage := range map[string]func() error{
		"half":         func() error { return os.WriteFile(note, []byte(`{"format": 1, "sweep": "ab"`), disk.FileMode) },
		"other format": func() error { return os.WriteFile(note, []byte(`{"format": 2, "sweep": "ab"}`), disk.FileMode) },
		"other run":    func() error { return os.WriteFile(note, []byte(`{"format": 1, "sweep": "aa"}`), disk.FileMode) },
		"pipe":         func() error { return syscall.Mkfifo(note, disk.FileMode) },
		"link":         func() error { return os.Symlink("/dev/zero", note) },
		"directory":    func() error { return os.Mkdir(note, disk.DirMode) },
	} {
		require.NoError(t, os.RemoveAll(note))
		require.NoError(t, damage())
		free, open := enginetest.GarbageOf(t, st)
		require.Equal(t, []string{filepath.Join(store.AsideDir, "x")}, free, name)
		require.Equal(t, []string{hash, filepath.Join(store.PlansDir, "ab", store.OpenFile)}, open, name)
		runs, err := st.OpenRuns()
		require.NoError(t, err)
		require.Len(t, runs, 1)
		require.Equal(t, "ab", runs[0].Sweep)
		require.ErrorContains(t, runs[0].Damaged, note)
	}
	require.NoError(t, st.ForgetRun("ab"))
	free, open := enginetest.GarbageOf(t, st)
	require.Len(t, free, 2)
	require.Empty(t, open)
}

func TestOpenRunsAreNotedUntilTheyEnd(t *testing.T) {
	st := enginetest.OpenStore(t)
	run := store.OpenRun{Sweep: "ab", Command: "backfire run", Begun: time.Now().UTC(), Cells: []store.OpenCell{{Cell: "a", States: []string{"s"}}}}
	require.NoError(t, st.NoteRun(context.Background(), run))
	run.Cells = append(run.Cells, store.OpenCell{Cell: "b"})
	require.NoError(t, st.NoteRun(context.Background(), run))
	runs, err := st.OpenRuns()
	require.NoError(t, err)
	run.Format = 1
	require.Equal(t, []store.OpenRun{run}, runs)

	require.NoError(t, st.ForgetRun("ab"))
	runs, err = st.OpenRuns()
	require.NoError(t, err)
	require.Empty(t, runs)
	require.NoDirExists(t, st.PlanDir("ab"), "nothing else was in it")
	require.NoError(t, st.ForgetRun("ab"), "there is none any more")
}
