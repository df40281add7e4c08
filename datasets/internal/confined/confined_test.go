package confined

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// place returns a directory with a file in it, a directory beside it, and the kinds of
// links and special files.
func place(t *testing.T) string {
	t.Helper()
	base, err := os.MkdirTemp("", "c") // a socket's path must be short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(base)) })
	in, out := filepath.Join(base, "in"), filepath.Join(base, "out")
	for _, dir := range []string{filepath.Join(in, "sub"), out} {
		require.NoError(t, os.MkdirAll(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte(dir), 0o644))
	}
	for name, target := range map[string]string{
		"to file": "sub/file", "to dir": "sub", "sub/up": "..", "absolute": filepath.Join(in, "sub", "file"),
		"absolute dir": filepath.Join(in, "sub"), "outside": "../out/file", "outside dir": "../out",
		"absolute outside": filepath.Join(out, "file"), "dangling": "nowhere", "circle": "circle", "through": "sub/file/x",
		"zero": "/dev/zero",
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(in, name)))
	}
	require.NoError(t, syscall.Mkfifo(filepath.Join(in, "pipe"), 0o644))
	listener, err := net.Listen("unix", filepath.Join(in, "socket"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	require.NoError(t, os.Symlink(in, filepath.Join(base, "named")))
	return filepath.Join(base, "named")
}

func TestOpen(t *testing.T) {
	dir, err := Open(place(t))
	require.NoError(t, err)
	defer dir.Close()
	for name, want := range map[string]error{
		"sub/file": nil, "to file": nil, "to dir/file": nil, "sub/up/sub/file": nil, "absolute": nil, "absolute dir/file": nil,
		"./sub/../to dir/file": nil,
		"outside":              ErrOutside, "outside dir/file": ErrOutside, "absolute outside": ErrOutside, "../out/file": ErrOutside, "zero": ErrOutside,
		"dangling": fs.ErrNotExist, "circle": fs.ErrNotExist, "through": fs.ErrNotExist, "absent": fs.ErrNotExist,
		"pipe": ErrNotRegular, "socket": ErrNotRegular, "sub": ErrNotRegular,
	} {
		t.Run(name, func(t *testing.T) {
			file, err := dir.Open(name)
			require.ErrorIs(t, err, want)
			if want != nil {
				require.Nil(t, file)
				return
			}
			defer file.Close()
			content, err := io.ReadAll(file)
			require.NoError(t, err)
			require.Equal(t, dir.Path("sub"), string(content))
		})
	}
	_, err = Open(filepath.Join(dir.Path("."), "absent"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestListAndStat(t *testing.T) {
	dir, err := Open(place(t))
	require.NoError(t, err)
	defer dir.Close()
	for _, name := range []string{"sub", "to dir", "absolute dir"} {
		entries, err := dir.List(name)
		require.NoError(t, err)
		require.Len(t, entries, 2)
		require.Equal(t, "file", entries[0].Name())
		info, err := dir.Stat(name)
		require.NoError(t, err)
		require.True(t, info.IsDir())
	}
	_, err = dir.List("outside dir")
	require.ErrorIs(t, err, ErrOutside)
	_, err = dir.Stat("outside dir")
	require.ErrorIs(t, err, ErrOutside)
	one, err := dir.Stat("to file")
	require.NoError(t, err)
	two, err := dir.Stat("sub/file")
	require.NoError(t, err)
	require.Equal(t, Identity(one), Identity(two))
	require.Equal(t, Stamp(one), Stamp(two))
}

func TestOpenFile(t *testing.T) {
	base := place(t)
	for name, want := range map[string]error{"sub/file": nil, "outside": nil, "zero": ErrNotRegular, "pipe": ErrNotRegular, "socket": ErrNotRegular, "sub": ErrNotRegular} {
		file, err := OpenFile(filepath.Join(base, name))
		require.ErrorIs(t, err, want, name)
		if file != nil {
			require.NoError(t, file.Close())
		}
	}
	// A pipe that takes the file's place between the two looks is refused, too.
	pipe := filepath.Join(base, "pipe")
	_, err := openRegular(pipe, func(string) (fs.FileInfo, error) { return os.Stat(filepath.Join(base, "sub", "file")) }, os.OpenFile)
	require.True(t, errors.Is(err, ErrNotRegular))
}

// A file that is rewritten in place with its size and its time set back has another
// stamp.
func TestStampCannotBeSetBack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	then := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	stamp := func(content string) string {
		require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
		require.NoError(t, os.Chtimes(file, then, then))
		info, err := os.Stat(file)
		require.NoError(t, err)
		return Stamp(info)
	}
	first := stamp("one")
	require.Eventually(t, func() bool { return stamp("two") != first }, 5*time.Second, time.Millisecond)
}
