package store

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExchangeInSteps(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, path := range []string{a, b} {
		require.NoError(t, os.Mkdir(path, DirMode))
		require.NoError(t, os.WriteFile(filepath.Join(path, "was-"+filepath.Base(path)), nil, FileMode))
	}
	require.NoError(t, exchangeInSteps(a, b))
	require.FileExists(t, filepath.Join(a, "was-b"))
	require.FileExists(t, filepath.Join(b, "was-a"))

	require.Error(t, exchangeInSteps(filepath.Join(dir, "missing"), b))
	require.FileExists(t, filepath.Join(b, "was-a"), "what was there stays")
}
