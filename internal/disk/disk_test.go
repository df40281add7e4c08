package disk_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/disk"
)

func TestSync(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(path, []byte("a"), disk.FileMode))
	require.NoError(t, disk.In(dir).Sync("file", "."))
	require.ErrorIs(t, disk.In(dir).Sync("file", "missing"), fs.ErrNotExist)
}

func TestIsFull(t *testing.T) {
	require.True(t, disk.IsFull(fmt.Errorf("write: %w", syscall.ENOSPC)))
	require.True(t, disk.IsFull(&fs.PathError{Op: "write", Err: syscall.EDQUOT}))
	require.False(t, disk.IsFull(fs.ErrPermission))
	require.False(t, disk.IsFull(nil))
}

func TestSizeAndFilesOfADirectory(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "b", "empty"), disk.DirMode))
	for name, content := range map[string]string{"c": "12345", "b/z": "12", "a": ""} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(content), disk.FileMode))
	}
	names, err := disk.Files(dir)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b/z", "c"}, names)
	for path, want := range map[string]int64{dir: 7, filepath.Join(dir, "c"): 5, filepath.Join(dir, "b", "empty"): 0} {
		size, err := disk.Size(path)
		require.NoError(t, err)
		require.Equal(t, want, size, path)
	}
	missing := filepath.Join(dir, "missing")
	_, err = disk.Size(missing)
	require.ErrorContains(t, err, missing)
	_, err = disk.Files(missing)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestSHA256(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("abc"), disk.FileMode))
	sum, err := disk.SHA256(path)
	require.NoError(t, err)
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sum) // FIPS 180-2, B.1
	_, err = disk.SHA256(path + strings.Repeat("x", 3))
	require.ErrorIs(t, err, fs.ErrNotExist)
}
