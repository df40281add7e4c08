package program_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/internal/program"
)

func write(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), mode))
	return path
}

// The sum of a program depends on its content, not on its place; in a directory on every file's name, too.
func TestSum(t *testing.T) {
	sum := func(path string) string {
		found, err := program.Sum(path)
		require.NoError(t, err)
		return found
	}
	one := write(t, filepath.Join(t.TempDir(), "a"), "#!/bin/sh\n", 0o700)
	other := write(t, filepath.Join(t.TempDir(), "b"), "#!/bin/sh\n", 0o700)
	require.Equal(t, sum(one), sum(other))
	write(t, other, "#!/bin/sh\nexit 1\n", 0o700)
	require.NotEqual(t, sum(one), sum(other))

	dir := t.TempDir()
	write(t, filepath.Join(dir, "__main__.py"), "import part\n", 0o600)
	write(t, filepath.Join(dir, "part.py"), "x = 1\n", 0o600)
	before := sum(dir)
	write(t, filepath.Join(dir, "__pycache__", "part.pyc"), "cache", 0o600)
	require.Equal(t, before, sum(dir), "Python's cache does not count")
	require.NoError(t, os.Rename(filepath.Join(dir, "part.py"), filepath.Join(dir, "other.py")))
	require.NotEqual(t, before, sum(dir))

	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "no such file",
		t.TempDir():                "neither an executable file main nor __main__.py",
		write(t, filepath.Join(t.TempDir(), "c"), "x", 0o600): "it is not executable",
	} {
		_, err := program.Sum(path)
		require.ErrorIs(t, err, program.ErrProgram)
		require.ErrorContains(t, err, want)
	}
}

// A program gets its argument and few variables, and what it leaves running ends with it.
func TestRun(t *testing.T) {
	t.Setenv("SECRET", "x")
	dir := t.TempDir()
	run := func(text string, limit time.Duration) error {
		path := write(t, filepath.Join(t.TempDir(), "p"), "#!/bin/sh\n"+text+"\n", 0o700)
		command, err := program.Command(path, dir, "job.json", "OMP_NUM_THREADS=3")
		require.NoError(t, err)
		return program.Run(context.Background(), command, limit)
	}
	require.NoError(t, run(`echo "$1 $OMP_NUM_THREADS $SECRET" >seen`, time.Minute))
	seen, err := os.ReadFile(filepath.Join(dir, "seen"))
	require.NoError(t, err)
	require.Equal(t, "job.json 3 \n", string(seen))
	require.ErrorContains(t, run("echo first; echo second >&2; exit 3", time.Minute), "it ended with exit status 3: second")
	require.ErrorContains(t, run("exit 3", time.Minute), "and wrote nothing")
	require.ErrorContains(t, run("sleep 1000 & sleep 1000", 50*time.Millisecond), "it did not end within 50ms")
	require.NoError(t, run("sleep 1000 & exit 0", time.Minute))
}
