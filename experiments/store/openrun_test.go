package store_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// A note that cannot be read might need any result, so nothing is listed.
func TestGarbageNeedsEveryNote(t *testing.T) {
	st := enginetest.OpenStore(t)
	dir := st.PlanDir("ab")
	require.NoError(t, os.MkdirAll(dir, disk.DirMode))
	for _, text := range []string{`{"format": 1, "sweep": "ab"`, `{"format": 2, "sweep": "ab"}`} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "open.json"), []byte(text), disk.FileMode))
		_, err := st.Garbage(time.Now(), inWords)
		require.ErrorContains(t, err, "open.json")
	}
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
