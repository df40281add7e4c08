package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

// putResult stores a made-up result under any hash.
func putResult(t *testing.T, st *store.Store, hash string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(st.Path(hash), store.DirMode))
	require.NoError(t, os.WriteFile(filepath.Join(st.Path(hash), store.ResultFile), []byte("12345"), store.FileMode))
}

func TestFindResult(t *testing.T) {
	st := enginetest.OpenStore(t)
	one, two := "ab1"+strings.Repeat("0", 61), "ab2"+strings.Repeat("0", 61)
	putResult(t, st, one)
	putResult(t, st, two)
	require.NoError(t, os.Mkdir(filepath.Join(st.Dir(), "tables"), store.DirMode))
	hashes, err := st.Hashes()
	require.NoError(t, err)
	require.Equal(t, []string{one, two}, hashes)
	for _, prefix := range []string{"ab2", "AB2", two} {
		hash, err := st.Find(prefix)
		require.NoError(t, err)
		require.Equal(t, two, hash)
	}
	_, err = st.Find("ab")
	require.ErrorIs(t, err, store.ErrAmbiguous)
	for _, prefix := range []string{"", "c", "tables", one + "0"} {
		_, err = st.Find(prefix)
		require.ErrorIs(t, err, store.ErrNotStored, prefix)
	}
}

// A glance sees cell and result, and does not read the other files.
func TestGlance(t *testing.T) {
	st := enginetest.OpenStore(t)
	hash := enginetest.StoreCell(t, st)
	require.NoError(t, enginetest.FlipBit(filepath.Join(st.Path(hash), store.PredictionsFile)))
	record, err := st.Glance(hash)
	require.NoError(t, err)
	require.Equal(t, enginetest.ExampleCell(), record.Cell)
	require.NoError(t, enginetest.FlipBit(filepath.Join(st.Path(hash), store.ResultFile)))
	_, err = st.Glance(hash)
	require.ErrorIs(t, err, store.ErrBroken)
}

func TestGarbage(t *testing.T) {
	st := enginetest.OpenStore(t)
	hash := func(digit string) string { return strings.Repeat(digit, 64) }
	for _, digit := range []string{"a", "b", "c"} {
		putResult(t, st, hash(digit))
	}
	plan := filepath.Join(st.Dir(), store.PlansDir, hash("f"))
	require.NoError(t, os.MkdirAll(plan, store.DirMode))
	require.NoError(t, os.WriteFile(filepath.Join(plan, store.SummaryFile), []byte(`{"rows":[{"cell":"`+hash("a")+`"}]}`), store.FileMode))
	aside := filepath.Join(st.Dir(), store.AsideDir, hash("d")+"-1")
	require.NoError(t, os.MkdirAll(aside, store.DirMode))
	checkpoint := filepath.Join(st.Dir(), store.WorkDir, hash("e"), store.CheckpointFile)
	require.NoError(t, os.MkdirAll(filepath.Dir(checkpoint), store.DirMode))
	require.NoError(t, os.WriteFile(checkpoint, []byte("1234567"), store.FileMode))
	busy, err := st.Claim(hash("c"))
	require.NoError(t, err)

	young, err := st.Garbage(time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.Len(t, young, 2, "b and what was set aside: c is claimed, the checkpoint is new")
	garbage, err := st.Garbage(time.Now().Add(time.Hour))
	require.NoError(t, err)
	var paths []string
	var bytes []int64
	for _, g := range garbage {
		paths, bytes = append(paths, g.Path), append(bytes, g.Bytes)
	}
	require.Equal(t, []string{st.Path(hash("b")), aside, checkpoint}, paths)
	require.Equal(t, []int64{5, 0, 7}, bytes)

	taken, err := st.Claim(hash("b"))
	require.NoError(t, err)
	require.ErrorIs(t, st.Remove(garbage[0]), store.ErrTaken)
	require.DirExists(t, st.Path(hash("b")))
	require.NoError(t, taken.Release())
	for _, g := range garbage {
		require.NoError(t, st.Remove(g))
		require.NoFileExists(t, g.Path)
		require.NoDirExists(t, g.Path)
	}
	require.NoError(t, busy.Release())
	enginetest.RequireNoLeftovers(t, st)
	hashes, err := st.Hashes()
	require.NoError(t, err)
	require.Equal(t, []string{hash("a"), hash("c")}, hashes)
}
