package disk_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/disk"
)

// A process that is killed leaves its scratch directory, which the next process removes. Those in use, those of
// others and links stay.
func TestScratch(t *testing.T) {
	if base := os.Getenv("SCRATCH_HELPER"); base != "" {
		t.Setenv("TMPDIR", base)
		_, err := disk.NewScratch()
		require.NoError(t, err)
		require.NoError(t, kill())
	}
	base, outside := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", base)
	require.NoError(t, os.WriteFile(filepath.Join(outside, "file"), nil, disk.FileMode))
	require.NoError(t, os.Symlink(outside, filepath.Join(base, "backfire-scratch-link")))
	require.NoError(t, os.Mkdir(filepath.Join(base, "backfire-other"), 0o700))
	left := filepath.Join(base, "backfire-scratch-1")
	require.NoError(t, os.MkdirAll(filepath.Join(left, "sub"), 0o700))
	require.NoError(t, os.Symlink(outside, filepath.Join(left, "sub", "link")))

	one, err := disk.NewScratch()
	require.NoError(t, err)
	require.NoDirExists(t, left)
	info, err := os.Stat(one.Path())
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	require.NoError(t, os.WriteFile(filepath.Join(one.Path(), "file"), nil, disk.FileMode))

	helper := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestScratch$")
	helper.Env = append(os.Environ(), "SCRATCH_HELPER="+base)
	require.ErrorContains(t, helper.Run(), "killed")
	names, err := disk.In(base).Names(".")
	require.NoError(t, err)
	require.Len(t, names, 4, "that of the killed process is left: %v", names)

	two, err := disk.NewScratch()
	require.NoError(t, err)
	require.DirExists(t, one.Path(), "it is in use")
	one.Close()
	two.Close()
	names, err = disk.In(base).Names(".")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"backfire-scratch-link", "backfire-other"}, names)
	require.FileExists(t, filepath.Join(outside, "file"))
}

// kill kills this process as the kernel does.
func kill() error {
	process, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	if err := process.Kill(); err != nil {
		return err
	}
	select {}
}
