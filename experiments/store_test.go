package experiments

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/leases"
)

// openStore opens a new store in a directory with an awkward name.
func openStore(t *testing.T) *Store {
	t.Helper()
	store, err := OpenStore(filepath.Join(t.TempDir(), "läufe und mehr"))
	require.NoError(t, err)
	return store
}

// storeCell commits a complete made-up result for the example cell.
func storeCell(t testing.TB, store *Store) string {
	t.Helper()
	hash, err := exampleCell().Hash()
	require.NoError(t, err)
	claim, err := store.Claim(hash)
	require.NoError(t, err)
	dir, err := claim.Dir()
	require.NoError(t, err)
	require.NoError(t, writeFiles(dir, files{
		cell: exampleCell(), predicted: []uint8{0, 1},
	}))
	require.NoError(t, claim.Commit(Result{
		Format: ResultFormat, Cell: hash, FinalLoss: 0.5,
		Run: Run{Timing: Timing{TotalSeconds: 2}, Single: []Single{{ID: 3, Cell: strings.Repeat("a", 64)}}},
	}))
	require.NoError(t, claim.Release())
	return hash
}

// requireNoLeftovers checks that nobody's work or lock is left in a store, but
// for the checkpoints of the given cells.
func requireNoLeftovers(t *testing.T, store *Store, cells ...string) {
	t.Helper()
	var left, expected []string
	for _, sub := range []string{workDir, locksDir} {
		dir := filepath.Join(store.dir, sub)
		require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if path != dir {
				left = append(left, path)
			}
			return err
		}))
	}
	for _, cell := range cells {
		base := filepath.Join(store.dir, workDir, cell)
		expected = append(expected, base, filepath.Join(base, checkpointFile))
	}
	require.ElementsMatch(t, expected, left)
}

func TestCommittedResultIsRead(t *testing.T) {
	store := openStore(t)
	hash := storeCell(t, store)
	record, err := store.Read(hash)
	require.NoError(t, err)
	require.Equal(t, exampleCell(), record.Cell)
	require.InDelta(t, 0.5, record.Result.FinalLoss, 0)
	require.InDelta(t, 2, record.Result.Run.TotalSeconds, 0)
	requireNoLeftovers(t, store)
}

func TestReadOfWhatIsNotThere(t *testing.T) {
	_, err := openStore(t).Read(strings.Repeat("0", 64))
	require.ErrorIs(t, err, ErrNotStored)
}

// Whatever happens to a stored file is noticed, and the error names the file.
func TestReadRefusesDamage(t *testing.T) {
	for _, damage := range []struct {
		name string
		do   func(path string) error
	}{
		{"removed", os.Remove},
		{"truncated", func(path string) error { return os.Truncate(path, 3) }},
		{"emptied", func(path string) error { return os.Truncate(path, 0) }},
		{"bit flipped", flipBit},
		{"longer", func(path string) error {
			file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer file.Close()
			_, err = file.WriteString("{}")
			return err
		}},
	} {
		for _, name := range []string{CellFile, ResultFile, EnvironmentFile, MetricsFile, PoisonFile, PredictionsFile, ManifestFile} {
			t.Run(damage.name+" "+name, func(t *testing.T) {
				store := openStore(t)
				hash := storeCell(t, store)
				require.NoError(t, damage.do(filepath.Join(store.Path(hash), name)))
				_, err := store.Read(hash)
				require.ErrorIs(t, err, ErrBroken)
				require.ErrorContains(t, err, name)
			})
		}
	}
}

// flipBit changes one bit in the middle of a file.
func flipBit(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	return os.WriteFile(path, data, fileMode)
}

func TestReadRefusesTheResultOfAnotherCell(t *testing.T) {
	store := openStore(t)
	hash := storeCell(t, store)
	other := strings.Repeat("1", 64)
	require.NoError(t, os.Rename(store.Path(hash), store.Path(other)))
	_, err := store.Read(other)
	require.ErrorIs(t, err, ErrBroken)
	require.ErrorContains(t, err, hash[:12])
}

func TestClaimExcludesOthersUntilItIsReleased(t *testing.T) {
	store := openStore(t)
	second, err := OpenStore(store.Dir())
	require.NoError(t, err)
	claim, err := store.Claim("a")
	require.NoError(t, err)
	_, err = second.Claim("a")
	require.ErrorIs(t, err, ErrTaken)
	b, err := second.Claim("b")
	require.NoError(t, err, "another cell is free")
	require.NoError(t, b.Release())
	require.NoError(t, claim.Release())
	claim, err = second.Claim("a")
	require.NoError(t, err)
	require.NoError(t, claim.Release())
	requireNoLeftovers(t, store)
}

func TestUncommittedWorkLeavesNothing(t *testing.T) {
	store := openStore(t)
	claim, err := store.Claim("a")
	require.NoError(t, err)
	dir, err := claim.Dir()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, ResultFile), []byte("half"), fileMode))
	require.NoError(t, claim.Release())
	_, err = store.Read("a")
	require.ErrorIs(t, err, ErrNotStored)
	requireNoLeftovers(t, store)
}

func TestTidyRemovesWhatTheDeadLeft(t *testing.T) {
	store := openStore(t)
	dead := filepath.Join(store.dir, workDir, "dead", "attempt")
	require.NoError(t, os.MkdirAll(dead, dirMode))
	require.NoError(t, os.WriteFile(filepath.Join(dead, ResultFile), nil, fileMode))
	ended := leases.Self()
	ended.Start++
	_, err := leases.New(filepath.Join(store.dir, locksDir), leases.Options{Owner: ended}).TryLock("gone")
	require.NoError(t, err)
	living, err := store.Claim("living")
	require.NoError(t, err)

	require.NoError(t, store.Tidy())
	require.NoDirExists(t, filepath.Dir(dead))
	dir, err := living.Dir()
	require.NoError(t, err)
	require.DirExists(t, dir, "what is in use stays")
	require.NoError(t, living.Release())
	requireNoLeftovers(t, store)
}

// takeOver does to the lease of a cell what a host does that believes its holder
// dead.
func takeOver(t *testing.T, store *Store, hash string) {
	t.Helper()
	dir := filepath.Join(store.dir, locksDir, hash)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.NoError(t, os.Rename(filepath.Join(dir, entries[0].Name()), filepath.Join(dir, "other~1~1~elsewhere~token~0")))
}

// Who lost a cell stores nothing and leaves the work of its next holder alone.
func TestLostClaimCommitsNothing(t *testing.T) {
	store := openStore(t)
	claim, err := store.Claim("a")
	require.NoError(t, err)
	mine, err := claim.Dir()
	require.NoError(t, err)
	theirs := filepath.Join(filepath.Dir(mine), "theirs")
	require.NoError(t, os.Mkdir(theirs, dirMode))
	takeOver(t, store, "a")
	require.ErrorIs(t, claim.Commit(Result{Format: ResultFormat}), ErrLost)
	<-claim.Lost()
	require.NoError(t, claim.Release())
	require.NoDirExists(t, mine)
	require.DirExists(t, theirs)
	_, err = store.Read("a")
	require.ErrorIs(t, err, ErrNotStored)
	_, err = store.Claim("a")
	require.ErrorIs(t, err, ErrTaken)
}

func TestSetAsideKeepsEveryBrokenResult(t *testing.T) {
	store := openStore(t)
	for _, want := range []string{"-1", "-2"} {
		hash := storeCell(t, store)
		require.NoError(t, flipBit(filepath.Join(store.Path(hash), ResultFile)))
		claim, err := store.Claim(hash)
		require.NoError(t, err)
		path, err := store.SetAside(claim)
		require.NoError(t, err)
		require.NoError(t, claim.Release())
		require.Equal(t, hash+want, filepath.Base(path))
		require.FileExists(t, filepath.Join(path, ResultFile))
		_, err = store.Read(hash)
		require.ErrorIs(t, err, ErrNotStored)
	}
}

func TestOpenStoreRefusesWhatItCannotWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, fileMode))
	for name, dir := range map[string]string{"a file": file, "below a file": filepath.Join(file, "runs")} {
		t.Run(name, func(t *testing.T) {
			_, err := OpenStore(dir)
			require.ErrorIs(t, err, ErrStore)
			require.ErrorContains(t, err, dir)
		})
	}
}
