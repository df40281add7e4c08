package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/launcher"
)

func TestExistingDir(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "a"), filepath.Join(dir, "a", "b")} {
		existing, err := existingDir(path)
		require.NoError(t, err)
		require.Equal(t, dir, existing)
	}
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := existingDir(file)
	require.ErrorContains(t, err, "is not a directory")
	_, err = existingDir(filepath.Join(file, "below"))
	require.Error(t, err)
}

func TestFreeDisk(t *testing.T) {
	free, err := freeDisk(t.TempDir())
	require.NoError(t, err)
	require.NotZero(t, free)
	_, err = freeDisk(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestThisMachine(t *testing.T) {
	machine := ThisMachine(nil)
	require.Positive(t, machine.Cores)
	require.NotNil(t, machine.LoadData)
	_, err := machine.Describe(context.Background())
	require.ErrorIs(t, err, launcher.ErrEngine, "there is none beside this test")
}
