package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/enginetest"
	"backfire/internal/leases"
)

func TestCommittedResultIsRead(t *testing.T) {
	store := enginetest.OpenStore(t)
	hash := enginetest.StoreCell(t, store)
	record, err := store.Read(hash)
	require.NoError(t, err)
	require.Equal(t, enginetest.ExampleCell(), record.Cell)
	require.InDelta(t, 0.5, record.Result.FinalLoss, 0)
	require.InDelta(t, 2, record.Result.Provenance.TotalSeconds, 0)
	enginetest.RequireNoLeftovers(t, store)
}

func TestReadOfWhatIsNotThere(t *testing.T) {
	_, err := enginetest.OpenStore(t).Read(strings.Repeat("0", 64))
	require.ErrorIs(t, err, store.ErrNotStored)
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
		{"bit flipped", enginetest.FlipBit},
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
		for _, name := range []string{store.CellFile, store.ResultFile, store.EnvironmentFile, store.MetricsFile, store.PoisonFile, store.PredictionsFile, store.ManifestFile} {
			t.Run(damage.name+" "+name, func(t *testing.T) {
				st := enginetest.OpenStore(t)
				hash := enginetest.StoreCell(t, st)
				require.NoError(t, damage.do(filepath.Join(st.Path(hash), name)))
				_, err := st.Read(hash)
				require.ErrorIs(t, err, store.ErrBroken)
				require.ErrorContains(t, err, name)
			})
		}
	}
}

func TestReadRefusesTheResultOfAnotherCell(t *testing.T) {
	st := enginetest.OpenStore(t)
	hash := enginetest.StoreCell(t, st)
	other := strings.Repeat("1", 64)
	require.NoError(t, os.Rename(st.Path(hash), st.Path(other)))
	_, err := st.Read(other)
	require.ErrorIs(t, err, store.ErrBroken)
	require.ErrorContains(t, err, hash[:12])
}

func TestClaimExcludesOthersUntilItIsReleased(t *testing.T) {
	st := enginetest.OpenStore(t)
	second, err := store.Open(st.Dir())
	require.NoError(t, err)
	claim, err := st.Claim("a")
	require.NoError(t, err)
	_, err = second.Claim("a")
	require.ErrorIs(t, err, store.ErrTaken)
	b, err := second.Claim("b")
	require.NoError(t, err, "another cell is free")
	require.NoError(t, b.Release())
	require.NoError(t, claim.Release())
	claim, err = second.Claim("a")
	require.NoError(t, err)
	require.NoError(t, claim.Release())
	enginetest.RequireNoLeftovers(t, st)
}

func TestUncommittedWorkLeavesNothing(t *testing.T) {
	st := enginetest.OpenStore(t)
	claim, err := st.Claim("a")
	require.NoError(t, err)
	dir, err := claim.Dir()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, store.ResultFile), []byte("half"), store.FileMode))
	require.NoError(t, claim.Release())
	_, err = st.Read("a")
	require.ErrorIs(t, err, store.ErrNotStored)
	enginetest.RequireNoLeftovers(t, st)
}

func TestTidyRemovesWhatTheDeadLeft(t *testing.T) {
	st := enginetest.OpenStore(t)
	dead := filepath.Join(st.Dir(), store.WorkDir, "dead", "attempt")
	require.NoError(t, os.MkdirAll(dead, store.DirMode))
	require.NoError(t, os.WriteFile(filepath.Join(dead, store.ResultFile), nil, store.FileMode))
	ended := leases.Self()
	ended.Start++
	_, err := leases.New(filepath.Join(st.Dir(), store.LocksDir), leases.Options{Owner: ended}).TryLock("gone")
	require.NoError(t, err)
	living, err := st.Claim("living")
	require.NoError(t, err)

	require.NoError(t, st.Tidy())
	require.NoDirExists(t, filepath.Dir(dead))
	dir, err := living.Dir()
	require.NoError(t, err)
	require.DirExists(t, dir, "what is in use stays")
	require.NoError(t, living.Release())
	enginetest.RequireNoLeftovers(t, st)
}

// Who lost a cell stores nothing and leaves the work of its next holder alone.
func TestLostClaimCommitsNothing(t *testing.T) {
	st := enginetest.OpenStore(t)
	claim, err := st.Claim("a")
	require.NoError(t, err)
	mine, err := claim.Dir()
	require.NoError(t, err)
	theirs := filepath.Join(filepath.Dir(mine), "theirs")
	require.NoError(t, os.Mkdir(theirs, store.DirMode))
	enginetest.TakeOver(t, st, "a")
	require.ErrorIs(t, claim.Commit(store.Result{Format: store.ResultFormat}), store.ErrLost)
	<-claim.Lost()
	require.NoError(t, claim.Release())
	require.NoDirExists(t, mine)
	require.DirExists(t, theirs)
	_, err = st.Read("a")
	require.ErrorIs(t, err, store.ErrNotStored)
	_, err = st.Claim("a")
	require.ErrorIs(t, err, store.ErrTaken)
}

func TestSetAsideKeepsEveryBrokenResult(t *testing.T) {
	st := enginetest.OpenStore(t)
	for _, want := range []string{"-1", "-2"} {
		hash := enginetest.StoreCell(t, st)
		require.NoError(t, enginetest.FlipBit(filepath.Join(st.Path(hash), store.ResultFile)))
		claim, err := st.Claim(hash)
		require.NoError(t, err)
		path, err := st.SetAside(claim)
		require.NoError(t, err)
		require.NoError(t, claim.Release())
		require.Equal(t, hash+want, filepath.Base(path))
		require.FileExists(t, filepath.Join(path, store.ResultFile))
		_, err = st.Read(hash)
		require.ErrorIs(t, err, store.ErrNotStored)
	}
}
