package datasets

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// decodedArchives loads n archives of one image each, of the values from first on, and
// returns their paths. The files of the cache were used at intervals of a minute, the
// first archive's first.
func decodedArchives(t *testing.T, cache string, first uint8, n int, limit int64) []string {
	t.Helper()
	var paths []string
	for i := range n {
		path := write(t, tarFile(t, tarEntry{name: "a/1.png", data: greyPNG(t, 8, 8, first+uint8(i))}), t.TempDir(), fmt.Sprintf("%d.tar", i))
		_, err := loadSource(t, Source{Name: Folder, Path: path, CacheDir: cache, CacheLimit: limit})
		require.NoError(t, err)
		sets, err := ListDecoded(cache)
		require.NoError(t, err)
		used := time.Now().Add(time.Duration(i-n) * time.Minute)
		for _, s := range sets {
			if s.From == path {
				require.NoError(t, os.Chtimes(s.Path, used, used))
			}
		}
		paths = append(paths, path)
	}
	return paths
}

// from returns the paths of the archives in a cache.
func from(t *testing.T, cache string) []string {
	t.Helper()
	sets, err := ListDecoded(cache)
	require.NoError(t, err)
	var paths []string
	for _, s := range sets {
		paths = append(paths, s.From)
	}
	return paths
}

// The cache keeps within its limit. The sets that were not used for the longest time are
// deleted first, and reading a set is a use of it.
func TestCacheKeepsWithinItsLimit(t *testing.T) {
	probe := t.TempDir()
	decodedArchives(t, probe, 0, 1, 0)
	sets, err := ListDecoded(probe)
	require.NoError(t, err)
	limit := 3*sets[0].Bytes + sets[0].Bytes/2

	cache := t.TempDir()
	paths := decodedArchives(t, cache, 0, 3, limit)
	require.Equal(t, []string{paths[2], paths[1], paths[0]}, from(t, cache))
	_, err = loadSource(t, Source{Name: Folder, Path: paths[0], CacheDir: cache, CacheLimit: limit})
	require.NoError(t, err)
	require.Equal(t, []string{paths[0], paths[2], paths[1]}, from(t, cache), "it was used just now")

	more := decodedArchives(t, cache, 50, 1, limit)
	require.ElementsMatch(t, []string{more[0], paths[0], paths[2]}, from(t, cache))
	_, err = loadSource(t, Source{Name: Folder, Path: more[0], CacheDir: cache, CacheLimit: 1})
	require.NoError(t, err)
	require.Len(t, from(t, cache), 3, "nothing was written, so nothing is deleted")

	other := write(t, tarFile(t, tarEntry{name: "b/1.png", data: greyPNG(t, 8, 8, 99)}), t.TempDir(), "x.tar")
	_, err = loadSource(t, Source{Name: Folder, Path: other, CacheDir: cache, CacheLimit: 65})
	require.NoError(t, err)
	require.Equal(t, []string{other}, from(t, cache), "the set that was written last stays")
	_, err = loadSource(t, Source{Name: Folder, Path: paths[1], CacheDir: cache, CacheLimit: 63})
	require.NoError(t, err)
	require.Equal(t, []string{other}, from(t, cache), "a set above the limit is not stored")
}

func TestListAndClearDecoded(t *testing.T) {
	cache := t.TempDir()
	paths := decodedArchives(t, cache, 0, 2, 0)
	old, kept := time.Now().Add(-2*abandonedAfter), []string{"notes.txt", "0123.set", temporaryPrefix + "now", "pipe.set"}
	write(t, nil, cache, kept[0])
	write(t, nil, cache, kept[1])
	write(t, []byte("x"), cache, kept[2])
	require.NoError(t, syscall.Mkfifo(filepath.Join(cache, kept[3]), 0o644))
	require.NoError(t, syscall.Mkfifo(filepath.Join(cache, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.set"), 0o644))
	kept = append(kept, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.set", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.set")
	victim := write(t, []byte("victim"), t.TempDir(), "victim")
	require.NoError(t, os.Symlink(victim, filepath.Join(cache, kept[5])))
	require.NoError(t, os.Chtimes(write(t, []byte("xyz"), cache, temporaryPrefix+"old"), old, old))
	stale := write(t, []byte("backfire decoded set v1\n and more"), cache, "cccccccccccccccccccccccccccccccc.set")
	require.NoError(t, os.Chtimes(stale, old, old))

	sets, err := ListDecoded(cache)
	require.NoError(t, err)
	require.Len(t, sets, 3)
	for i, path := range []string{paths[1], paths[0]} {
		s := sets[i]
		require.NoError(t, s.Err)
		require.Equal(t, []any{Folder, SplitAll, path, 1, 1, 8, 8, []string{"a"}}, []any{s.Name, s.Split, s.From, s.Images, s.C, s.H, s.W, s.Classes})
		require.Len(t, s.Checksum, 64)
		require.Greater(t, s.Bytes, int64(64))
		require.FileExists(t, s.Path)
	}
	require.Equal(t, stale, sets[2].Path)
	require.ErrorIs(t, sets[2].Err, ErrCorrupt)
	require.ErrorContains(t, sets[2].Err, "not a decoded set of this version")

	files, size, err := ClearDecoded(cache)
	require.NoError(t, err)
	require.Equal(t, 4, files)
	require.Equal(t, sets[0].Bytes+sets[1].Bytes+sets[2].Bytes+3, size)
	entries, err := os.ReadDir(cache)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.ElementsMatch(t, kept, names)
	require.FileExists(t, victim)

	files, _, err = ClearDecoded(filepath.Join(cache, "absent"))
	require.NoError(t, err)
	require.Zero(t, files)
	sets, err = ListDecoded(filepath.Join(cache, "absent"))
	require.NoError(t, err)
	require.Empty(t, sets)
}

// A pipe, a directory or a link in the place of a file of the cache blocks no load.
func TestCacheOfOtherFiles(t *testing.T) {
	archive := write(t, tarFile(t, pets(t)...), t.TempDir(), "pets.tar")
	for name, place := range map[string]func(at string) error{
		"pipe":      func(at string) error { return syscall.Mkfifo(at, 0o644) },
		"directory": func(at string) error { return os.Mkdir(at, 0o755) },
		"link":      func(at string) error { return os.Symlink("/dev/zero", at) },
	} {
		t.Run(name, func(t *testing.T) {
			cache := t.TempDir()
			src := Source{Name: Folder, Path: archive, CacheDir: cache}
			want, err := loadSource(t, src)
			require.NoError(t, err)
			at := cacheFiles(t, cache)[0]
			require.NoError(t, os.Remove(at))
			require.NoError(t, place(at))
			s, err := loadSource(t, src)
			require.NoError(t, err)
			require.Equal(t, want.Checksum, s.Checksum)
			require.Contains(t, s.Repaired, at)
		})
	}
}
