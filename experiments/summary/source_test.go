package summary_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/runtest"
)

// A whole result is read once. One that is missing or damaged is looked for each time.
func TestOnceStoreReadsWholeResultsOnce(t *testing.T) {
	st, hash := runtest.Verifiable(t)
	once := summary.NewOnceStore(st)
	away := filepath.Join(t.TempDir(), "away")
	require.NoError(t, os.Rename(st.Path(hash), away))
	_, err := once.Read(hash)
	require.ErrorIs(t, err, store.ErrNotStored)
	require.NoError(t, os.Rename(away, st.Path(hash)))

	path := filepath.Join(st.Path(hash), store.ResultFile)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text[1:], 0o600))
	_, err = once.Read(hash)
	require.ErrorIs(t, err, store.ErrBroken)
	require.NoError(t, os.WriteFile(path, text, 0o600))

	first, err := once.Read(hash)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text[1:], 0o600))
	second, err := once.Read(hash)
	require.NoError(t, err)
	require.Same(t, first, second)
	_, err = summary.NewOnceStore(st).Read(hash)
	require.ErrorIs(t, err, store.ErrBroken)
}
