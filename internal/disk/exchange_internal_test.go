package disk

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Where a file system cannot exchange two directories in one step, three renames do.
func TestExchangeInSteps(t *testing.T) {
	dir := In(t.TempDir())
	for _, name := range []string{"a", "b"} {
		require.NoError(t, dir.Mkdir(name))
		require.NoError(t, dir.WriteFile(name+"/was-"+name, nil))
	}
	require.NoError(t, dir.exchangeInSteps("a", dir, "b"))
	names, err := dir.Files(".")
	require.NoError(t, err)
	require.Equal(t, []string{"a/was-b", "b/was-a"}, names)

	require.Error(t, dir.exchangeInSteps("missing", dir, "b"))
	names, err = dir.Files(".")
	require.NoError(t, err)
	require.Equal(t, []string{"a/was-b", "b/was-a"}, names, "what was there stays")
}
