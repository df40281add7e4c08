package store

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExistingStoreMakesNothing(t *testing.T) {
	dir := t.TempDir()
	_, err := OpenExisting(dir)
	require.ErrorIs(t, err, ErrStore)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
	_, err = Open(dir)
	require.NoError(t, err)
	_, err = OpenExisting(dir)
	require.NoError(t, err)
}
