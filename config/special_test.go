package config_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

// Devices, pipes, sockets, directories and huge files are no configuration and no sweep. They are refused at once.
func TestSpecialFilesAreRefused(t *testing.T) {
	base, err := os.MkdirTemp("", "c") // a socket's path must be short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(base)) })
	pipe, socket, huge, linked := filepath.Join(base, "pipe"), filepath.Join(base, "socket"), filepath.Join(base, "huge.yaml"), filepath.Join(base, "link")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	require.NoError(t, os.WriteFile(huge, nil, 0o600))
	require.NoError(t, os.Truncate(huge, 1<<40))
	require.NoError(t, os.Symlink("/dev/zero", linked))
	for _, path := range []string{pipe, socket, huge, linked, base, "/dev/zero", "/dev/tty"} {
		begun := time.Now()
		_, err := config.Load(config.Options{File: path})
		require.ErrorIs(t, err, config.ErrInvalid)
		require.ErrorContains(t, err, path)
		_, err = config.LoadSweep(path, config.Options{}, 0)
		require.ErrorIs(t, err, config.ErrInvalid)
		require.ErrorContains(t, err, path)
		require.Less(t, time.Since(begun), time.Second)
	}
	// A link to a file of the user's is a usual way to name one.
	own, toOwn := filepath.Join(base, "own.yaml"), filepath.Join(base, "to-own.yaml")
	require.NoError(t, os.WriteFile(own, []byte("seed: 3\n"), 0o600))
	require.NoError(t, os.Symlink(own, toOwn))
	resolved, err := config.Load(config.Options{File: toOwn})
	require.NoError(t, err)
	require.Equal(t, uint64(3), resolved.Config.Seed)
}
