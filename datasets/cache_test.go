package datasets

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/internal/cachedir"
)

// cacheFiles returns the paths of the files in a cache directory.
func cacheFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	return files
}

// spoil replaces the pixels in the only file of a cache by values that the data do not
// have, with a matching checksum, so that a set from the cache can be recognised.
func spoil(t *testing.T, dir, key string) {
	t.Helper()
	s, err := New("x", []uint8{99}, []uint16{0}, 1, 1, 1, []string{"from the cache"})
	require.NoError(t, err)
	require.NoError(t, writeCacheFile(cacheFiles(t, dir)[0], cacheHeader{Key: key}, s))
}

// keyOf returns the key in the header of the only file of a cache.
func keyOf(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(cacheFiles(t, dir)[0])
	require.NoError(t, err)
	start := len(cacheMagic) + 4 + len(`{"key":"`)
	return string(data[start : start+64])
}

func TestCacheIsUsedAndRebuilt(t *testing.T) {
	archive := write(t, tarFile(t, pets(t)...), t.TempDir(), "pets.tar")
	cache := t.TempDir()
	src := Source{Name: Folder, Path: archive, CacheDir: cache}
	first, err := loadSource(t, src)
	require.NoError(t, err)
	require.Empty(t, first.Repaired)
	files := cacheFiles(t, cache)
	require.Len(t, files, 1)
	whole, err := os.ReadFile(files[0])
	require.NoError(t, err)
	key := keyOf(t, cache)

	spoil(t, cache, key)
	cached, err := loadSource(t, src)
	require.NoError(t, err)
	require.Equal(t, []string{"from the cache"}, cached.Classes, "the second load reads the cache")

	for name, damage := range map[string]func([]byte) []byte{
		"a flipped pixel":    func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"a flipped label":    func(b []byte) []byte { b[len(b)-6*6-1] ^= 1; return b },
		"truncated":          func(b []byte) []byte { return b[:len(b)-1] },
		"too long":           func(b []byte) []byte { return append(b, 0) },
		"empty":              func([]byte) []byte { return nil },
		"not a cache":        func([]byte) []byte { return []byte("something else, of some length, to be sure") },
		"huge header":        func(b []byte) []byte { b[len(cacheMagic)+3] = 0xff; return b },
		"no JSON":            func(b []byte) []byte { b[len(cacheMagic)+4] = 'x'; return b },
		"of something else":  func(b []byte) []byte { b[len(cacheMagic)+4+len(`{"key":"`)] ^= 1; return b },
		"a renamed class":    func(b []byte) []byte { return replaced(b, `"cat"`, `"cow"`) },
		"absurd image count": func(b []byte) []byte { return replaced(b, `"n":6`, `"n":7`) },
		"absurd channels":    func(b []byte) []byte { return replaced(b, `"c":1`, `"c":9`) },
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(files[0], damage(append([]byte(nil), whole...)), 0o644))
			again, err := loadSource(t, src)
			require.NoError(t, err)
			require.Contains(t, again.Repaired, files[0]+": ", "the damage is named")
			again.Repaired = ""
			require.Equal(t, first, again)
			rebuilt, err := os.ReadFile(files[0])
			require.NoError(t, err)
			require.Equal(t, whole, rebuilt)
			require.Equal(t, files, cacheFiles(t, cache), "no temporary file is left")
		})
	}
}

// replaced returns a file in which a part of the header is replaced by another of the
// same length.
func replaced(b []byte, old, replacement string) []byte {
	for i := range b {
		if string(b[i:i+len(old)]) == old {
			copy(b[i:], replacement)
			return b
		}
	}
	return nil
}

func TestCacheFollowsTheData(t *testing.T) {
	cache, dir := t.TempDir(), t.TempDir()
	image := write(t, greyPNG(t, 2, 2, 1), dir, "a", "1.png")
	src := Source{Name: Folder, Path: dir, CacheDir: cache}
	s, err := loadSource(t, src)
	require.NoError(t, err)
	require.Equal(t, []uint8{1}, rows(s))

	// Without reading it all, a change that keeps size and time cannot be noticed, and a
	// change of the time can.
	write(t, greyPNG(t, 2, 2, 2), image)
	require.NoError(t, os.Chtimes(image, time.Time{}, time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)))
	s, err = loadSource(t, src)
	require.NoError(t, err)
	require.Equal(t, []uint8{2}, rows(s))

	write(t, greyPNG(t, 2, 2, 3), dir, "b", "1.png")
	s, err = loadSource(t, src)
	require.NoError(t, err)
	require.Equal(t, []uint8{2, 3}, rows(s))
	require.Len(t, cacheFiles(t, cache), 3)
}

// The key depends on the content of the archive and on the split, not on the path.
func TestCacheKeys(t *testing.T) {
	cache := t.TempDir()
	for _, dir := range []string{t.TempDir(), t.TempDir()} {
		archive := write(t, tarFile(t, pets(t)...), dir, "pets.tar")
		for _, split := range []string{SplitAll, SplitTrain, SplitTest} {
			_, err := loadSource(t, Source{Name: Folder, Path: archive, Split: split, CacheDir: cache})
			require.NoError(t, err)
		}
	}
	require.Len(t, cacheFiles(t, cache), 3)
}

func TestLoadWithoutCache(t *testing.T) {
	archive := write(t, tarFile(t, pets(t)...), t.TempDir(), "pets.tar")
	inTheWay := write(t, nil, t.TempDir(), "file")
	s, err := loadSource(t, Source{Name: Folder, Path: archive, CacheDir: filepath.Join(inTheWay, "cache")})
	require.NoError(t, err)
	require.Equal(t, 6, s.Len())
}

func TestDirectories(t *testing.T) {
	t.Setenv("BACKFIRE_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", "/home/x/.cache")
	t.Setenv("HOME", "/home/x")
	for _, tc := range []struct {
		f         func(string) (string, error)
		dir, want string
	}{
		{DataDir, "", "/home/x/.cache/backfire/data"},
		{DecodedDir, "", "/home/x/.cache/backfire/decoded"},
		{DataDir, "/d", "/d"},
		{DecodedDir, "/d", "/d"},
	} {
		got, err := tc.f(tc.dir)
		require.NoError(t, err)
		require.Equal(t, tc.want, got)
	}
	t.Setenv("BACKFIRE_CACHE", "/scratch")
	got, err := DataDir("")
	require.NoError(t, err)
	require.Equal(t, "/scratch/data", got)

	t.Setenv("BACKFIRE_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	_, err = DataDir("")
	require.ErrorIs(t, err, cachedir.ErrNone)
}
