package datasets

import (
	"archive/tar"
	"errors"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawTree draws the entries of an image folder as people have them: mostly in one
// layout, with classes and files of all kinds, empty folders and hard links.
func drawTree(t *rapid.T) []tarEntry {
	pictures := [][]byte{greyPNG(t, 2, 2, 1), greyPNG(t, 2, 2, 200), encodeJPEG(t, image.NewGray(image.Rect(0, 0, 2, 2)))}
	prefix := rapid.SampledFrom([]string{"", "", "pets/", "a/b/c/d/e/f/"}).Draw(t, "prefix")
	splits := rapid.SampledFrom([][]string{{""}, {""}, {"train/", "test/"}, {"train/", "test/"}, {"train/", "val/"}, {"", "test/"}}).Draw(t, "splits")
	classes := rapid.SampledFrom([][]string{{"cat", "dog"}, {"cat", "dog"}, {"cat", "dog", "1", "10"}, {"cat", "Cat"}, {"caf\u00e9", "cafe\u0301"}, {"@eaDir", "dog"}}).Draw(t, "classes")
	names := []string{
		"1.png", "2.PNG", "3.jpg", "4.jpeg", "5.png", "6.png", "1.png", "2.png", "7.webp", "8.BMP", ".9.png", "._1.png", "notes.txt", "Thumbs.db", "more.zip", "train.bin",
	}
	seen := map[string]bool{}
	var entries []tarEntry
	add := func(e tarEntry) {
		if !seen[e.name] {
			seen[e.name] = true
			entries = append(entries, e)
		}
	}
	for i := range rapid.IntRange(1, 12).Draw(t, "files") {
		dir := prefix + rapid.SampledFrom(splits).Draw(t, "split") + rapid.SampledFrom(classes).Draw(t, "class") + "/"
		if rapid.IntRange(0, 30).Draw(t, "stray") == 0 {
			dir = rapid.SampledFrom([]string{"", prefix, dir + "x/y/", ".git/", dir + "__MACOSX/"}).Draw(t, "place")
		}
		add(tarEntry{name: dir + rapid.SampledFrom(names).Draw(t, "name"), data: pictures[i%len(pictures)]})
	}
	if first := entries[0]; rapid.Bool().Draw(t, "link") {
		add(tarEntry{name: filepath.Dir(first.name) + "/linked.png", kind: tar.TypeLink, link: first.name})
	}
	if rapid.IntRange(0, 3).Draw(t, "folder") == 0 {
		add(tarEntry{name: rapid.SampledFrom([]string{"empty/", prefix + "x/y/", ".cache/", "lost+found/", prefix + "train/"}).Draw(t, "empty"), kind: tar.TypeDir})
	}
	return entries
}

// unpackTree writes the entries below a directory.
func unpackTree(t require.TestingT, dir string, entries []tarEntry) {
	for _, links := range []bool{false, true} {
		for _, e := range entries {
			to := filepath.Join(dir, filepath.FromSlash(e.name))
			require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
			switch {
			case links != (e.kind == tar.TypeLink):
			case e.kind == tar.TypeDir:
				require.NoError(t, os.MkdirAll(to, 0o755))
			case e.kind == tar.TypeLink:
				require.NoError(t, os.Link(filepath.Join(dir, e.link), to))
			default:
				require.NoError(t, os.WriteFile(to, e.data, 0o644))
			}
		}
	}
}

// A folder gives the same set and the same census, or the same refusal, as a directory,
// as an archive and as a gzipped one, in any order of its entries.
func TestFormsOfOneFolder(t *testing.T) {
	base := t.TempDir()
	accepted, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		require.NoError(t, err)
		entries := drawTree(t)
		unpackTree(t, filepath.Join(dir, "tree"), entries)
		shuffled := rapid.Permutation(entries).Draw(t, "order")
		paths := []string{filepath.Join(dir, "tree"), filepath.Join(dir, "1.tar"), filepath.Join(dir, "2.tar"), filepath.Join(dir, "3.tar.gz")}
		require.NoError(t, os.WriteFile(paths[1], tarFile(t, entries...), 0o644))
		require.NoError(t, os.WriteFile(paths[2], tarFile(t, shuffled...), 0o644))
		require.NoError(t, os.WriteFile(paths[3], gzipped(t, tarFile(t, shuffled...)), 0o644))
		src := Source{Name: Folder, CacheDir: filepath.Join(dir, "cache"), Split: rapid.SampledFrom([]string{SplitAuto, SplitAll, SplitTrain, SplitTest}).Draw(t, "split")}
		var sets []*Set
		var errs []string
		for _, path := range append(paths, paths...) { // the second time from the cache
			src.Path = path
			s, err := load(t.Context(), src)
			sets = append(sets, s)
			text := ""
			if errors.Is(err, ErrMissing) {
				text = "a directory without any sign of data is not read" // so that its error has less to tell
			} else if err != nil {
				text = strings.ReplaceAll(err.Error(), path, "PATH")
			}
			errs = append(errs, text)
		}
		for i := range sets {
			require.Equal(t, errs[0], errs[i], "the error does not depend on the form")
			require.Equal(t, sets[0], sets[i])
		}
		if sets[0] == nil {
			refused++
			return
		}
		accepted++
		c := sets[0].Census
		require.Equal(t, c.Seen, c.Read+c.Left(""))
		require.Equal(t, sets[0].Len(), c.Read, "one image a file")
		images := 0
		for _, split := range c.Splits {
			images += split.Images
		}
		require.Equal(t, sets[0].Len(), images)
		requireSeen(t, entries, c.Seen)
	})
	require.Positive(t, accepted)
	require.Positive(t, refused)
}

// requireSeen checks that the census counts every entry: a hidden folder as one file, and
// a folder of its own not at all.
func requireSeen(t require.TestingT, entries []tarEntry, seen int) {
	files := map[string]bool{}
	for _, e := range entries {
		name := strings.TrimSuffix(e.name, "/")
		if hidden := hiddenPart(name); hidden != "" {
			files[hidden] = true
		} else if e.kind != tar.TypeDir {
			files[name] = true
		}
	}
	require.Equal(t, len(files), seen)
}
