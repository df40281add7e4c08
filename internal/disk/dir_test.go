package disk_test

import (
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/internal/disk"
)

// hostile makes a directory with special files and links in it, and one beside it that no operation below the
// first may change. It returns both.
func hostile(t *testing.T) (inside, outside string) {
	t.Helper()
	base, err := os.MkdirTemp("", "d") // a socket's path must be short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(base)) })
	inside, outside = filepath.Join(base, "in"), filepath.Join(base, "out")
	for _, dir := range []string{filepath.Join(inside, "own", "deep"), filepath.Join(outside, "sub")} {
		require.NoError(t, os.MkdirAll(dir, disk.DirMode))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte("content"), disk.FileMode))
	}
	for name, target := range map[string]string{
		"relative": "../out/sub", "absolute": filepath.Join(outside, "sub"), "file link": "../out/sub/file", "to own": "own",
		"circle": "circle", "dangling": "../out/new", "zero": "/dev/zero", "own/up": "../../out",
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(inside, name)))
	}
	require.NoError(t, syscall.Mkfifo(filepath.Join(inside, "pipe"), disk.FileMode))
	listener, err := net.Listen("unix", filepath.Join(inside, "socket"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	return inside, outside
}

// tree lists the files of a directory with their contents and times.
func tree(t require.TestingT, dir string) []string {
	var all []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		content := ""
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			content = string(data)
		}
		all = append(all, path+" "+info.Mode().String()+" "+info.ModTime().String()+" "+content)
		return nil
	}))
	return all
}

// operations are all methods of disk.Dir that touch files.
var operations = map[string]func(d disk.Dir, name, other string) error{
	"open": func(d disk.Dir, name, _ string) error {
		file, err := d.Open(name)
		if err == nil {
			err = file.Close()
		}
		return err
	},
	"read":  func(d disk.Dir, name, _ string) error { _, err := d.ReadFile(name, 100); return err },
	"stat":  func(d disk.Dir, name, _ string) error { _, err := d.Stat(name); return err },
	"list":  func(d disk.Dir, name, _ string) error { _, err := d.ReadDir(name); return err },
	"names": func(d disk.Dir, name, _ string) error { _, err := d.Names(name); return err },
	"sum":   func(d disk.Dir, name, _ string) error { _, err := d.SHA256(name); return err },
	"size":  func(d disk.Dir, name, _ string) error { _, err := d.Size(name); return err },
	"files": func(d disk.Dir, name, _ string) error { _, err := d.Files(name); return err },
	"write": func(d disk.Dir, name, _ string) error { return d.WriteFile(name, []byte("new")) },
	"create": func(d disk.Dir, name, _ string) error {
		return d.CreateNew(name)
	},
	"mkdir":     func(d disk.Dir, name, _ string) error { return d.Mkdir(name) },
	"mkdir all": func(d disk.Dir, name, _ string) error { return d.MkdirAll(path.Join(name, "x/y")) },
	"rename":    func(d disk.Dir, name, other string) error { return d.Rename(name, other) },
	"exchange":  func(d disk.Dir, name, other string) error { return d.ExchangeWith(name, d, other) },
	"remove":    func(d disk.Dir, name, _ string) error { return d.Remove(name) },
	"clear":     func(d disk.Dir, name, _ string) error { return d.RemoveAll(name) },
	"touch":     func(d disk.Dir, name, _ string) error { return d.Touch(name) },
	"sync":      func(d disk.Dir, name, _ string) error { return d.Sync(name) },
	"sync all":  func(d disk.Dir, name, _ string) error { return d.SyncAll(name) },
}

// Whatever is done below a directory with links, in whatever order, nothing beside it changes, nothing in it
// is read that lies elsewhere, and nothing blocks.
func TestNothingLeadsOut(t *testing.T) {
	var known []string
	for name := range operations {
		known = append(known, name)
	}
	slices.Sort(known)
	first := []string{"relative", "absolute", "file link", "to own", "circle", "dangling", "zero", "own", "pipe", "socket", "new", "..", "../out", "/"}
	then := []string{"", "file", "sub", "sub/file", "up", "up/sub", "up/sub/file", "deep", "deep/file", ".."}
	rapid.Check(t, func(r *rapid.T) {
		inside, outside := hostile(t)
		before := tree(r, outside)
		name := rapid.Custom(func(r *rapid.T) string {
			return path.Join(rapid.SampledFrom(first).Draw(r, "first"), rapid.SampledFrom(then).Draw(r, "then"))
		})
		for range rapid.IntRange(1, 8).Draw(r, "operations") {
			do := rapid.SampledFrom(known).Draw(r, "do")
			begun := time.Now()
			_ = operations[do](disk.In(inside), name.Draw(r, "name"), name.Draw(r, "other"))
			require.Less(r, time.Since(begun), time.Second, do)
			require.Equal(r, before, tree(r, outside), do)
		}
	})
}

// A path through a link is refused with a sentence that says so, by each operation.
func TestLinksAreRefused(t *testing.T) {
	for _, link := range []string{"relative", "absolute", "to own"} {
		inside, _ := hostile(t)
		for name, do := range operations {
			err := do(disk.In(inside), link+"/file", "x")
			require.ErrorIs(t, err, disk.ErrLink, "%s %s", name, link)
			require.ErrorContains(t, err, filepath.Join(inside, link))
		}
		for _, name := range []string{"open", "read", "sum", "list", "names"} {
			require.ErrorIs(t, operations[name](disk.In(inside), link, ""), disk.ErrLink, name)
		}
		require.ErrorIs(t, operations["list"](disk.In(inside).Sub(link), ".", ""), disk.ErrLink)
	}
}

func TestSpecialFilesAreRefusedAtOnce(t *testing.T) {
	inside, _ := hostile(t)
	for _, name := range []string{"pipe", "socket", "own"} {
		begun := time.Now()
		for _, do := range []string{"open", "read", "sum"} {
			require.ErrorIs(t, operations[do](disk.In(inside), name, ""), disk.ErrNotRegular, name)
		}
		_, err := disk.Open(filepath.Join(inside, name))
		require.ErrorIs(t, err, disk.ErrNotRegular)
		require.Less(t, time.Since(begun), time.Second)
	}
	for _, device := range []string{"/dev/zero", "/dev/null", "/dev/tty"} {
		_, err := disk.ReadFile(device, disk.MaxText)
		require.Error(t, err)
	}
	_, err := disk.ReadFile(filepath.Join(inside, "zero"), disk.MaxText)
	require.ErrorIs(t, err, disk.ErrNotRegular)
}

func TestNamedFilesMayBeLinks(t *testing.T) {
	inside, _ := hostile(t)
	data, err := disk.ReadFile(filepath.Join(inside, "file link"), 7)
	require.NoError(t, err)
	require.Equal(t, "content", string(data))
	data, err = disk.In(filepath.Join(inside, "relative")).ReadFile("file", 7)
	require.NoError(t, err, "the base was named")
	require.Equal(t, "content", string(data))
}

func TestLargeFilesAreRefusedUnread(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sparse")
	require.NoError(t, os.WriteFile(name, nil, disk.FileMode))
	require.NoError(t, os.Truncate(name, 1<<40))
	begun := time.Now()
	_, err := disk.ReadFile(name, disk.MaxBytes)
	require.ErrorIs(t, err, disk.ErrTooLarge)
	dir, last := disk.Split(name)
	_, err = dir.ReadFile(last, disk.MaxRecord)
	require.ErrorIs(t, err, disk.ErrTooLarge)
	require.Less(t, time.Since(begun), time.Second)
	require.NoError(t, os.WriteFile(name, []byte(strings.Repeat("x", 10)), disk.FileMode))
	_, err = disk.ReadFile(name, 9)
	require.ErrorIs(t, err, disk.ErrTooLarge)
	_, err = disk.ReadFile(name, 10)
	require.NoError(t, err)
	// The kernel's own files have no size.
	_, err = disk.ReadFile("/proc/self/status", disk.MaxText)
	require.NoError(t, err)
}

func TestDirMovesAndMakes(t *testing.T) {
	dir := disk.In(filepath.Join(t.TempDir(), "not", "yet"))
	require.NoError(t, dir.MkdirAll("a/b"))
	require.NoError(t, dir.MkdirAll("a/b"))
	require.NoError(t, dir.WriteFile("a/b/one", []byte("1")))
	require.NoError(t, dir.WriteFile("a/two", []byte("2")))
	require.ErrorIs(t, dir.CreateNew("a/two"), fs.ErrExist)
	require.ErrorIs(t, dir.Mkdir("a"), fs.ErrExist)
	require.Error(t, dir.MkdirAll("a/two/c"))
	require.NoError(t, dir.Sub("a/b").MoveTo("one", dir, "one"))
	require.NoError(t, dir.Mkdir("empty"))
	require.NoError(t, dir.Rename("a", "empty"), "a directory replaces an empty one")
	require.ErrorIs(t, dir.Remove("empty"), fs.ErrExist, "it is not empty")
	require.NoError(t, dir.Mkdir("other"))
	require.NoError(t, dir.ExchangeWith("other", dir, "empty"))
	names, err := dir.Files(".")
	require.NoError(t, err)
	require.Equal(t, []string{"one", "other/two"}, names)
	require.NoError(t, dir.RemoveAll("other"))
	require.NoError(t, dir.RemoveAll("other"))
	for _, base := range []string{".", "", "one/.."} {
		require.ErrorIs(t, dir.RemoveAll(base), disk.ErrOutside, "the base is never removed")
	}
	require.NoError(t, dir.SyncAll("."))
	entries, err := dir.ReadDir(".")
	require.NoError(t, err)
	require.Len(t, entries, 2)
	require.True(t, entries[0].IsDir() && entries[1].IsRegular())
	old := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	require.NoError(t, os.Chtimes(dir.Path("one"), old, old))
	require.NoError(t, dir.Touch("one"))
	info, err := dir.Stat("one")
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), info.ModTime, time.Hour)
	_, err = dir.Stat("absent/x")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// A copy is a file with the content, never a link, and nothing that is no regular file is copied.
func TestCopyTo(t *testing.T) {
	inside, outside := hostile(t)
	before := tree(t, outside)
	to := filepath.Join(t.TempDir(), "new")
	require.NoError(t, disk.In(inside).CopyTo("own/deep/file", disk.In(to)))
	content, err := os.ReadFile(filepath.Join(to, "own", "deep", "file"))
	require.NoError(t, err)
	require.Equal(t, "content", string(content))
	for _, name := range []string{"file link", "relative/file", "zero", "pipe", "socket", "own", "absent", "own/up/sub/file"} {
		require.Error(t, disk.In(inside).CopyTo(name, disk.In(to)), name)
	}
	require.Equal(t, before, tree(t, outside))
}
