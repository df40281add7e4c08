package store_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// contents lists the files below a directory with their contents and kinds.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		all[path] = entry.Type().String()
		if entry.Type().IsRegular() {
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			all[path] += string(data)
		}
		return nil
	}))
	return all
}

// everything does all that changes or reads a store, with a cell that is stored.
func everything(st *store.Store, hash string) {
	ctx := context.Background()
	_ = st.Tidy()
	_, _ = st.Read(hash)
	_, _ = st.Artefacts(hash)
	if claim, err := st.Claim(hash); err == nil {
		_, _ = claim.Draft()
		_ = claim.Complete(store.Result{Format: store.ResultFormat, Cell: hash})
		_ = claim.Commit(store.Result{Format: store.ResultFormat, Cell: hash})
		_, _ = st.SetAside(claim)
		_ = claim.Release()
	}
	_, _ = st.WritePlanFile(ctx, "ab", store.SweepFile, []byte("{}"))
	_ = st.NoteRun(ctx, store.OpenRun{Sweep: "ab"})
	_ = st.NoteFailure("ab", store.Failure{Cell: hash}, true)
	_, _ = st.GivenUp("ab")
	_, _ = st.OpenRuns()
	_, _ = st.Summaries("")
	_, _ = st.Find(hash[:4])
	_, _ = st.Held()
	_, _ = st.Holder(hash)
	garbage, _ := st.Garbage(time.Now().Add(time.Hour), plan.References)
	for _, g := range garbage {
		_ = st.Remove(g)
	}
	_ = st.ForgetRun("ab")
	_ = st.Forgive("ab")
	_, _ = store.Open(st.Dir())
	_, _ = store.OpenExisting(st.Dir())
}

// hostileStore returns a store with a result, a checkpoint, a state, a plan and something set aside.
func hostileStore(t *testing.T) (*store.Store, string) {
	t.Helper()
	st := enginetest.OpenStore(t)
	hash := enginetest.StoreCell(t, st)
	for _, name := range []string{
		".work/other/" + store.CheckpointFile, ".work/" + hash + "/old/file", ".states/state.safetensors", "aside/broken/file",
		"plans/ab/" + store.SweepFile, "plans/ab/open.json", "plans/ab/failed/x.json", ".locks/taken/ticket",
	} {
		path := filepath.Join(st.Dir(), filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), disk.DirMode))
		require.NoError(t, os.WriteFile(path, []byte("{}"), disk.FileMode))
	}
	return st, hash
}

// Whichever file or directory of a store is a link or a special file, nothing outside of the store is changed, and
// nothing takes more than a moment.
func TestNothingOutsideOfAStoreIsTouched(t *testing.T) {
	st, hash := hostileStore(t)
	var places []string
	require.NoError(t, filepath.WalkDir(st.Dir(), func(path string, _ fs.DirEntry, err error) error {
		require.NoError(t, err)
		place, err := filepath.Rel(st.Dir(), path)
		if place != "." {
			places = append(places, place)
		}
		return err
	}))
	require.Greater(t, len(places), 20)
	for name, replace := range map[string]func(path, outside string) error{
		"directory": func(path, outside string) error { return os.Symlink(outside, path) },
		"file":      func(path, outside string) error { return os.Symlink(filepath.Join(outside, "file"), path) },
		"endless":   func(path, _ string) error { return os.Symlink("/dev/zero", path) },
		"pipe":      func(path, _ string) error { return syscall.Mkfifo(path, disk.FileMode) },
		"result":    func(path, _ string) error { return os.Symlink(filepath.Join(st.Dir(), hash), path) },
	} {
		for _, place := range places {
			t.Run(name+" "+place, func(t *testing.T) {
				st, hash := hostileStore(t)
				outside := t.TempDir()
				for _, file := range []string{"file", store.ResultFile, "failed/file", "old/file", "ab/file", hash + "/file"} {
					path := filepath.Join(outside, filepath.FromSlash(file))
					require.NoError(t, os.MkdirAll(filepath.Dir(path), disk.DirMode))
					require.NoError(t, os.WriteFile(path, []byte("precious"), disk.FileMode))
				}
				before := contents(t, outside)
				require.NoError(t, os.RemoveAll(filepath.Join(st.Dir(), place)))
				require.NoError(t, replace(filepath.Join(st.Dir(), place), outside))
				begun := time.Now()
				everything(st, hash)
				require.Less(t, time.Since(begun), 10*time.Second)
				require.Equal(t, before, contents(t, outside))
			})
		}
	}
}

// A process that lost its claim changes nothing that its successor may be working on.
func TestLostClaimChangesNothing(t *testing.T) {
	for name, do := range map[string]func(st *store.Store, claim *store.Claim, result store.Result) error{
		"commit":   func(_ *store.Store, claim *store.Claim, result store.Result) error { return claim.Commit(result) },
		"complete": func(_ *store.Store, claim *store.Claim, result store.Result) error { return claim.Complete(result) },
		"set aside": func(st *store.Store, claim *store.Claim, _ store.Result) error {
			_, err := st.SetAside(claim)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := enginetest.OpenStore(t)
			hash := enginetest.StoreCell(t, st)
			record, err := st.Read(hash)
			require.NoError(t, err)
			result, changed, err := record.Result.WithSingles(func(string) (*game.Rate, error) { return &game.Rate{Hits: 1, Of: 2}, nil })
			require.NoError(t, err)
			require.True(t, changed)
			claim, err := st.Claim(hash)
			require.NoError(t, err)
			before := contents(t, st.Path(hash))
			enginetest.TakeOver(t, st, hash)
			require.ErrorIs(t, do(st, claim, result), store.ErrLost)
			require.Equal(t, before, contents(t, st.Path(hash)))
			require.NoDirExists(t, filepath.Join(st.Dir(), store.AsideDir, hash+"-1"))
			require.NoError(t, claim.Release())
		})
	}
}

// What another process has taken meanwhile is not removed.
func TestTakenGarbageIsNotRemoved(t *testing.T) {
	st := enginetest.OpenStore(t)
	hash := enginetest.StoreCell(t, st)
	garbage, err := st.Garbage(time.Now(), plan.References)
	require.NoError(t, err)
	require.Len(t, garbage, 1)
	claim, err := st.Claim(hash)
	require.NoError(t, err)
	require.ErrorIs(t, st.Remove(garbage[0]), store.ErrTaken)
	require.NoError(t, claim.Release())
	_, err = st.Read(hash)
	require.NoError(t, err)
	require.NoError(t, st.Remove(garbage[0]))
	_, err = st.Read(hash)
	require.ErrorIs(t, err, store.ErrNotStored)
}

// A store whose plans are elsewhere is refused with the reason.
func TestLinkedStoreDirectoriesAreNamed(t *testing.T) {
	for _, dir := range []string{store.PlansDir, store.LocksDir, store.WorkDir} {
		st := enginetest.OpenStore(t)
		path := filepath.Join(st.Dir(), dir)
		require.NoError(t, errors.Join(os.RemoveAll(path), os.Symlink(t.TempDir(), path)))
		_, err := store.Open(st.Dir())
		require.ErrorIs(t, err, store.ErrStore)
		require.ErrorIs(t, err, disk.ErrLink)
		require.ErrorContains(t, err, dir)
	}
}
