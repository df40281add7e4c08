package datasets

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/datasets/internal/confined"
)

// A changed image is never served from the cache, even if it was rewritten in place with
// its size and its times set back, at once after it was decoded.
func TestChangedImagesAreNeverServedOld(t *testing.T) {
	then := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	cache, dir := t.TempDir(), t.TempDir()
	set := func(cat, dog uint8) {
		for class, value := range map[string]uint8{"cat": cat, "dog": dog} {
			file := write(t, greyPNG(t, 2, 2, value), dir, class, "1.png")
			require.NoError(t, os.Chtimes(file, then, then))
			require.NoError(t, os.Chtimes(filepath.Dir(file), then, then))
		}
		require.NoError(t, os.Chtimes(dir, then, then))
	}
	check := func(want ...uint8) {
		t.Helper()
		for range 2 {
			s, err := loadSource(t, Source{Name: Folder, Path: dir, CacheDir: cache})
			require.NoError(t, err)
			require.Equal(t, want, rows(s))
			require.Empty(t, s.Repaired)
		}
	}
	require.Len(t, greyPNG(t, 2, 2, 1), len(greyPNG(t, 2, 2, 2)), "images of one size")
	for i := range uint8(40) {
		set(100+i, 200+i)
		check(100+i, 200+i)
	}
	swap := func(a, b string) {
		for _, m := range [][2]string{{a, "x"}, {b, a}, {"x", b}} {
			require.NoError(t, os.Rename(filepath.Join(dir, m[0]), filepath.Join(dir, m[1])))
		}
		require.NoError(t, os.Chtimes(dir, then, then))
	}
	swap("cat", "dog")
	check(239, 139)
	swap("cat/1.png", "dog/1.png")
	check(139, 239)

	// A directory of the same names in the place of the first.
	require.NoError(t, os.Rename(dir, dir+"-old"))
	set(7, 8)
	check(7, 8)
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.Rename(dir+"-old", dir))
	check(139, 239)

	// Another file under the same name, through a link and by a link.
	write(t, greyPNG(t, 2, 2, 50), dir, ".a", "1.png")
	write(t, greyPNG(t, 2, 2, 60), dir, ".b", "1.png")
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "dog")))
	require.NoError(t, os.Symlink(".a", filepath.Join(dir, "dog")))
	check(139, 50)
	require.NoError(t, os.Remove(filepath.Join(dir, "dog")))
	require.NoError(t, os.Symlink(".b", filepath.Join(dir, "dog")))
	check(139, 60)
}

// unreported returns a folder of n files on a file system that reports no change: their
// stamps stay as they are.
func unreported(t *testing.T, n int, changed, listed time.Time) (*contentCheck, string) {
	t.Helper()
	dir := t.TempDir()
	check := &contentCheck{listed: listed}
	for i := range n {
		file := write(t, make([]byte, 3), dir, fmt.Sprintf("%04d.png", i))
		check.files = append(check.files, dataFile{path: filepath.Base(file), size: 3, changed: changed})
	}
	var err error
	check.dir, err = confined.Open(dir)
	require.NoError(t, err)
	t.Cleanup(check.dir.Close)
	return check, dir
}

// In a folder of few files every change is noticed, and in one of many those of the
// sample, of young files, and of all files at once.
func TestUnreportedChanges(t *testing.T) {
	now := time.Now()
	digest := func(c *contentCheck) string {
		sum, young, err := c.digest(c.since())
		require.NoError(t, err)
		require.Equal(t, c.young(c.since()), young)
		return sum
	}
	for _, n := range []int{1, 2, checkedFiles} {
		check, dir := unreported(t, n, now.Add(-time.Hour), now)
		before := digest(check)
		for _, i := range []int{0, n / 2, n - 1} {
			write(t, []byte{9, byte(n), byte(i + 1)}, dir, check.files[i].path)
			require.NotEqual(t, before, digest(check))
			write(t, make([]byte, 3), dir, check.files[i].path)
			require.Equal(t, before, digest(check))
		}
	}
	noticed := func(check *contentCheck, dir string) int {
		before, n := digest(check), 0
		for _, f := range check.files {
			write(t, []byte{1, 2, 3}, dir, f.path)
			if digest(check) != before {
				n++
			}
			write(t, make([]byte, 3), dir, f.path)
		}
		return n
	}
	const many = checkedFiles + 44
	check, dir := unreported(t, many, now.Add(-time.Hour), now)
	require.Equal(t, checkedFiles, noticed(check, dir))
	check.listed = now.Add(-time.Hour).Add(youngFor)
	require.Equal(t, many, noticed(check, dir), "all files are young")
	require.NoError(t, os.Remove(filepath.Join(dir, check.files[0].path)))
	_, _, err := check.digest(check.since())
	require.Error(t, err)
}

// Of a large file the beginning and the end are read.
func TestUnreportedChangesOfLargeFiles(t *testing.T) {
	now := time.Now()
	check, dir := unreported(t, 1, now.Add(-time.Hour), now)
	content := make([]byte, 3*checkedBytes)
	check.files[0].size = int64(len(content))
	sum := func(at int) string {
		changed := slices.Clone(content)
		changed[at] ^= 1
		write(t, changed, dir, check.files[0].path)
		sum, _, err := check.digest(check.since())
		require.NoError(t, err)
		return sum
	}
	middle := sum(len(content) / 2)
	require.Equal(t, middle, sum(len(content)/2+1), "the middle is not read")
	require.NotEqual(t, middle, sum(0))
	require.NotEqual(t, middle, sum(len(content)-1))
}

// A file of the cache that was written while the images were young is written anew once
// they are not, so that not all of them are read each time.
func TestYoungImagesAreReadOnce(t *testing.T) {
	cache, dir := t.TempDir(), t.TempDir()
	write(t, greyPNG(t, 2, 2, 1), dir, "a", "1.png")
	src := Source{Name: Folder, Path: dir, CacheDir: cache}
	_, err := loadSource(t, src)
	require.NoError(t, err)
	since := func() time.Time {
		file, err := os.Open(cacheFiles(t, cache)[0])
		require.NoError(t, err)
		defer file.Close()
		head, err := readCacheHeader(file)
		require.NoError(t, err)
		return time.Unix(0, head.Since)
	}
	first := since()
	root, err := confined.Open(dir)
	require.NoError(t, err)
	defer root.Close()
	info, err := root.Stat("a/1.png")
	require.NoError(t, err)
	require.True(t, confined.Changed(info).After(first), "the image is young")

	file := dataFile{path: "a/1.png", content: "a/1.png", size: info.Size(), changed: confined.Changed(info)}
	later := &contentCheck{dir: root, files: []dataFile{file}, listed: time.Now().Add(time.Hour)}
	stored := cacheFile{path: cacheFiles(t, cache)[0], limit: DefaultCacheLimit, cacheHeader: cacheHeader{Key: keyOf(t, cache), Name: Folder}}
	_, err = stored.load(later)
	require.NoError(t, err)
	require.True(t, since().Equal(later.since()))
	_, err = loadSource(t, src)
	require.NoError(t, err)
	require.True(t, since().Equal(later.since()), "it is not young any more")
}
