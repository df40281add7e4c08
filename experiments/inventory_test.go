package experiments

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// putResult stores a made-up result under any hash.
func putResult(t *testing.T, store *Store, hash string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(store.Path(hash), dirMode))
	require.NoError(t, os.WriteFile(filepath.Join(store.Path(hash), ResultFile), []byte("12345"), fileMode))
}

func TestFindResult(t *testing.T) {
	store := openStore(t)
	one, two := "ab1"+strings.Repeat("0", 61), "ab2"+strings.Repeat("0", 61)
	putResult(t, store, one)
	putResult(t, store, two)
	require.NoError(t, os.Mkdir(filepath.Join(store.Dir(), "tables"), dirMode))
	hashes, err := store.Hashes()
	require.NoError(t, err)
	require.Equal(t, []string{one, two}, hashes)
	for _, prefix := range []string{"ab2", "AB2", two} {
		hash, err := store.Find(prefix)
		require.NoError(t, err)
		require.Equal(t, two, hash)
	}
	_, err = store.Find("ab")
	require.ErrorIs(t, err, ErrAmbiguous)
	for _, prefix := range []string{"", "c", "tables", one + "0"} {
		_, err = store.Find(prefix)
		require.ErrorIs(t, err, ErrNotStored, prefix)
	}
}

func TestExistingStoreMakesNothing(t *testing.T) {
	dir := t.TempDir()
	_, err := ExistingStore(dir)
	require.ErrorIs(t, err, ErrStore)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
	_, err = OpenStore(dir)
	require.NoError(t, err)
	_, err = ExistingStore(dir)
	require.NoError(t, err)
}

// A glance sees cell and result, and does not read the other files.
func TestGlance(t *testing.T) {
	store := openStore(t)
	hash := storeCell(t, store)
	require.NoError(t, flipBit(filepath.Join(store.Path(hash), PredictionsFile)))
	record, err := store.Glance(hash)
	require.NoError(t, err)
	require.Equal(t, exampleCell(), record.Cell)
	require.NoError(t, flipBit(filepath.Join(store.Path(hash), ResultFile)))
	_, err = store.Glance(hash)
	require.ErrorIs(t, err, ErrBroken)
}

func TestFieldsOfACell(t *testing.T) {
	fields, err := defendedCell().Fields()
	require.NoError(t, err)
	values := map[string]string{}
	for _, field := range fields {
		values[field.Path] = field.Value
	}
	for path, want := range map[string]string{
		"game.seed": "18446744073709551615", "game.attackers[1].id": "4", "game.attackers[1].trigger.p2": "0.3",
		"training.nesterov": "true", "data.classes[2]": "2", "defense.excluded[0]": "4", "training.weight_decay": "0.0005",
	} {
		require.Equal(t, want, values[path], path)
	}
	at := slices.IndexFunc(fields, func(f Field) bool { return f.Path == "game.attackers[1].trigger.p2" })
	require.Equal(t, "game.attackers.trigger.p2", fields[at].Key)
}

func TestFieldCompare(t *testing.T) {
	for _, tc := range []struct {
		value, other string
		order        int
		numbers      bool
	}{
		{"0.0005", "5e-4", 0, true},
		{"1", "1.0", 0, true},
		{"18446744073709551615", "18446744073709551614", 1, true},
		{"-0.5", "0", -1, true},
		{"mnist", "1", 0, false},
		{"1", "mnist", 0, false},
		{"1/2", "1/2", 0, false},
		{"true", "true", 0, false},
	} {
		order, numbers := Field{Value: tc.value}.Compare(tc.other)
		require.Equal(t, tc.numbers, numbers, "%s and %s", tc.value, tc.other)
		require.Equal(t, tc.order, order, "%s and %s", tc.value, tc.other)
	}
}

func TestGarbage(t *testing.T) {
	store := openStore(t)
	hash := func(digit string) string { return strings.Repeat(digit, 64) }
	for _, digit := range []string{"a", "b", "c"} {
		putResult(t, store, hash(digit))
	}
	plan := filepath.Join(store.Dir(), plansDir, hash("f"))
	require.NoError(t, os.MkdirAll(plan, dirMode))
	require.NoError(t, os.WriteFile(filepath.Join(plan, SummaryFile), []byte(`{"rows":[{"cell":"`+hash("a")+`"}]}`), fileMode))
	aside := filepath.Join(store.Dir(), asideDir, hash("d")+"-1")
	require.NoError(t, os.MkdirAll(aside, dirMode))
	checkpoint := filepath.Join(store.Dir(), workDir, hash("e"), checkpointFile)
	require.NoError(t, os.MkdirAll(filepath.Dir(checkpoint), dirMode))
	require.NoError(t, os.WriteFile(checkpoint, []byte("1234567"), fileMode))
	busy, err := store.Claim(hash("c"))
	require.NoError(t, err)

	young, err := store.Garbage(time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.Len(t, young, 2, "b and what was set aside: c is claimed, the checkpoint is new")
	garbage, err := store.Garbage(time.Now().Add(time.Hour))
	require.NoError(t, err)
	var paths []string
	var bytes []int64
	for _, g := range garbage {
		paths, bytes = append(paths, g.Path), append(bytes, g.Bytes)
	}
	require.Equal(t, []string{store.Path(hash("b")), aside, checkpoint}, paths)
	require.Equal(t, []int64{5, 0, 7}, bytes)

	taken, err := store.Claim(hash("b"))
	require.NoError(t, err)
	require.ErrorIs(t, store.Remove(garbage[0]), ErrTaken)
	require.DirExists(t, store.Path(hash("b")))
	require.NoError(t, taken.Release())
	for _, g := range garbage {
		require.NoError(t, store.Remove(g))
		require.NoFileExists(t, g.Path)
		require.NoDirExists(t, g.Path)
	}
	require.NoError(t, busy.Release())
	requireNoLeftovers(t, store)
	hashes, err := store.Hashes()
	require.NoError(t, err)
	require.Equal(t, []string{hash("a"), hash("c")}, hashes)
}
