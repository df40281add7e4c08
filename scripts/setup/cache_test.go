package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMakeDir(t *testing.T) {
	cache := t.TempDir()
	final := filepath.Join(cache, "libtorch")
	broken := errors.New("disk full")

	err := makeDir(final, func(tmp string) error {
		require.NoDirExists(t, final)
		writeFile(t, filepath.Join(tmp, "half"), "x", 0o644)
		return broken
	})
	require.ErrorIs(t, err, broken)
	require.Empty(t, filesIn(t, cache))

	require.NoError(t, makeDir(final, func(tmp string) error {
		writeFile(t, filepath.Join(tmp, "whole"), "x", 0o644)
		return nil
	}))
	require.Equal(t, []string{"libtorch/whole"}, filesIn(t, cache))
	info, err := os.Stat(final)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o755), info.Mode().Perm())

	require.NoError(t, makeDir(final, func(string) error { return errors.New("made again") }))
}

func TestLockCacheNamesTheWayOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, "x", 0o644)
	_, err := lockCache(t.Context(), filepath.Join(file, "cache"), t.Logf)
	require.ErrorContains(t, err, "set BACKFIRE_CACHE to use another one")
}

func TestCheckSpace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	require.NoError(t, checkSpace(dir, 1))
	err := checkSpace(dir, 1<<62)
	require.ErrorContains(t, err, " MB free, and set-up needs 4611686018427 MB: make room, or set BACKFIRE_CACHE to a directory on another disk")
}

func TestCheckPlatform(t *testing.T) {
	require.NoError(t, checkPlatform("linux", "amd64"))
	require.EqualError(t, checkPlatform("darwin", "arm64"), "backfire builds on linux/amd64 only, and this is darwin/arm64")
	require.Error(t, checkPlatform("linux", "arm64"))
	require.Error(t, checkPlatform("windows", "amd64"))
}
