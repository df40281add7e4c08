package datasets

import (
	"archive/tar"
	"context"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// pets is a folder of grey 3x2 images in two splits. The value of each image is the
// number of its row in the set.
func pets(t require.TestingT) []tarEntry {
	at := func(value uint8) []byte { return greyPNG(t, 3, 2, value) }
	return []tarEntry{
		{name: "train/cat/1.png", data: at(0)},
		{name: "train/cat/2.PNG", data: at(1)},
		{name: "train/dog/1.png", data: at(2)},
		{name: "test/cat/9.png", data: at(3)},
		{name: "test/dog/1.png", data: at(4)},
		{name: "test/dog/2.png", data: at(5)},
	}
}

// rows returns the first value of each image.
func rows(s *Set) []uint8 {
	var values []uint8
	for i := range s.Len() {
		values = append(values, s.Image(i)[0])
	}
	return values
}

func TestLoadFolder(t *testing.T) {
	dir := t.TempDir()
	for _, e := range pets(t) {
		write(t, e.data, dir, e.name)
	}
	write(t, []byte("notes"), dir, "train", "cat", "notes.txt")
	write(t, []byte("hidden"), dir, "train", "cat", "._1.png")
	write(t, []byte("hidden"), dir, ".thumbs", "x.png")
	archive := write(t, gzipped(t, tarFile(t, append([]tarEntry{
		{name: "pax", kind: tar.TypeXGlobalHeader}, {name: "./train/", kind: tar.TypeDir}, {name: "README.md", data: []byte("x")},
	}, pets(t)...)...)), t.TempDir(), "pets.tar.gz")
	for split, want := range map[string][]uint8{
		SplitAuto: {0, 1, 2, 3, 4, 5}, SplitAll: {0, 1, 2, 3, 4, 5}, SplitTrain: {0, 1, 2}, SplitTest: {3, 4, 5},
	} {
		for _, path := range []string{dir, archive} {
			s, err := loadSource(t, Source{Name: Folder, Path: path, Split: split})
			require.NoError(t, err)
			require.Equal(t, want, rows(s), "%s of %s", split, path)
			require.Equal(t, []string{"cat", "dog"}, s.Classes)
			require.Equal(t, []int{1, 2, 3}, []int{s.C, s.H, s.W})
		}
	}
}

func TestLayouts(t *testing.T) {
	img := greyPNG(t, 2, 2, 7)
	for name, tc := range map[string]struct {
		files   []string
		split   string
		classes []string
		want    string // the error
	}{
		"flat":              {[]string{"b/1.png", "a/1.png"}, SplitAuto, []string{"a", "b"}, ""},
		"below a directory": {[]string{"pets/b/1.png", "pets/a/1.png"}, SplitAuto, []string{"a", "b"}, ""},
		"splits below one":  {[]string{"pets/train/a/1.png", "pets/test/a/1.png"}, SplitTest, []string{"a"}, ""},
		"one split":         {[]string{"train/b/1.png", "train/a/1.png"}, SplitAll, []string{"a", "b"}, ""},
		"numbers as names":  {[]string{"10/1.png", "2/1.png", "1/1.png"}, SplitAuto, []string{"1", "10", "2"}, ""},
		"no class":          {[]string{"1.png"}, SplitAuto, nil, "1.png is not in a class folder"},
		"mixed depths":      {[]string{"a/1.png", "b/c/1.png"}, SplitAuto, nil, "b/c/1.png has another layout than other images"},
		"class and split":   {[]string{"a/1.png", "test/a/1.png"}, SplitAuto, nil, "test/a/1.png has another layout than"},
		"split of flat":     {[]string{"a/1.png"}, SplitTrain, nil, `no such split: "train": the images are not divided`},
		"absent split":      {[]string{"train/a/1.png"}, SplitTest, nil, `no such split: "test"`},
		"empty in a split":  {[]string{"train/a/1.png", "train/b/1.png", "test/a/1.png"}, SplitTest, nil, `class "b" has no images`},
		"no images":         {[]string{"a/readme.txt"}, SplitAuto, nil, "holds no images in class folders"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var entries []tarEntry
			for _, f := range tc.files {
				write(t, img, dir, f)
				entries = append(entries, tarEntry{name: f, data: img})
			}
			// A directory that is there in any case, so that the format is recognised without images.
			require.NoError(t, os.MkdirAll(filepath.Join(dir, ".hidden"), 0o755))
			archive := write(t, tarFile(t, entries...), t.TempDir(), "x.tar")
			for _, path := range []string{dir, archive} {
				s, err := loadSource(t, Source{Name: Folder, Path: path, Split: tc.split})
				if tc.want != "" {
					require.ErrorContains(t, err, tc.want)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, tc.classes, s.Classes)
			}
		})
	}
}

func TestEmptyClassFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, greyPNG(t, 2, 2, 0), dir, "train", "cat", "1.png")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "train", "dog"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "scripts"), 0o755))
	_, err := loadSource(t, Source{Name: Folder, Path: dir})
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, `class "dog" has no images`)

	archive := write(t, tarFile(t,
		tarEntry{name: "pets/cat/1.png", data: greyPNG(t, 2, 2, 0)}, tarEntry{name: "pets/cow/", kind: tar.TypeDir}), dir, "x.tar")
	_, err = loadSource(t, Source{Name: Folder, Path: archive})
	require.ErrorContains(t, err, `class "cow" has no images`)

	archive = write(t, tarFile(t,
		tarEntry{name: "pets/cat/1.png", data: greyPNG(t, 2, 2, 0)}, tarEntry{name: "pets/pig/1.heic"}), dir, "y.tar")
	_, err = loadSource(t, Source{Name: Folder, Path: archive})
	require.ErrorContains(t, err, `class "pig" has no images`)
}

func TestCIFARNamesKeepTheirOrder(t *testing.T) {
	names := map[string]bool{}
	for _, name := range cifarClasses {
		names[name] = true
	}
	require.Equal(t, cifarClasses, sortClasses(names))
	require.Equal(t, "truck", sortClasses(names)[9])
	delete(names, "truck")
	names["zebra"] = true
	require.Equal(t, "zebra", sortClasses(names)[9])
}

// The set does not depend on the order of the archive.
func TestOrderOfArchiveDoesNotMatter(t *testing.T) {
	entries := pets(t)
	reference, err := readAll(t, entries)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		s, err := readAll(t, rapid.Permutation(entries).Draw(t, "order"))
		require.NoError(t, err)
		require.Equal(t, reference.Checksum, s.Checksum)
		require.Equal(t, []uint16{0, 0, 1, 0, 1, 1}, s.Labels)
		require.Equal(t, []uint8{0, 1, 2, 3, 4, 5}, rows(s))
	})
}

// readAll reads an archive of the given entries without a cache.
func readAll(t require.TestingT, entries []tarEntry) (*Set, error) {
	l, err := newLoader(Source{Name: Folder, Path: "x"})
	require.NoError(t, err)
	return l.readArchive(context.Background(), bytesReader(tarFile(t, entries...)), "x")
}

func TestGreyAndColour(t *testing.T) {
	red := colourPNG(t, 2, 1, color.NRGBA{R: 200, G: 10, B: 20, A: 255})
	s, err := readAll(t, []tarEntry{{name: "a/1.png", data: greyPNG(t, 2, 1, 9)}, {name: "a/2.png", data: red}})
	require.NoError(t, err)
	require.Equal(t, 3, s.C)
	require.Equal(t, []uint8{9, 9, 9, 9, 9, 9, 200, 200, 10, 10, 20, 20}, s.Images)
}

// Of several bad images the error names the first in the archive, whatever the timing of
// the goroutines.
func TestFirstBadImageIsNamed(t *testing.T) {
	good, wrong := greyPNG(t, 2, 2, 1), greyPNG(t, 3, 2, 1)
	entries := make([]tarEntry, 40)
	for i := range entries {
		entries[i] = tarEntry{name: filepath.Join("a", string(rune('A'+i))+".png"), data: good}
	}
	for i := 17; i < len(entries); i++ {
		entries[i].data = wrong
	}
	entries[30].data = []byte("no image")
	for range 20 {
		_, err := readAll(t, entries)
		require.ErrorIs(t, err, ErrCorrupt)
		require.ErrorContains(t, err, "a/R.png: bad data: the image is 3x2, the first one read 2x2; all must have one size")
	}
}

func TestArchiveOfDamagedGzip(t *testing.T) {
	whole := gzipped(t, tarFile(t, tarEntry{name: "a/1.png", data: greyPNG(t, 2, 2, 1)}, tarEntry{name: "b/1.png", data: greyPNG(t, 2, 2, 9)}))
	load := func(data []byte) error {
		_, err := loadSource(t, Source{Name: Folder, Path: write(t, data, t.TempDir(), "x.tar.gz")})
		return err
	}
	require.NoError(t, load(whole))
	damaged := slices.Clone(whole)
	damaged[len(damaged)-8] ^= 1
	for name, data := range map[string][]byte{
		"without checksum and length": whole[:len(whole)-8],
		"without length":              whole[:len(whole)-4],
		"another checksum":            damaged,
		"more behind it":              append(slices.Clone(whole), "more"...),
	} {
		err := load(data)
		require.ErrorIs(t, err, ErrCorrupt, name)
		require.ErrorContains(t, err, "read the archive", name)
	}
}

func TestArchiveGuards(t *testing.T) {
	img := greyPNG(t, 2, 2, 1)
	big := make([]byte, MaxImageFile+1)
	whole := tarFile(t, tarEntry{name: "a/1.png", data: img})
	require.Len(t, whole, 1024+1024, "an entry of two blocks, the mark of two more")
	for name, tc := range map[string]struct {
		archive []byte
		want    string
	}{
		"absolute":            {tarFile(t, tarEntry{name: "/a/1.png", data: img}), `the path "/a/1.png" points out of the archive`},
		"parent":              {tarFile(t, tarEntry{name: "../a/1.png", data: img}), `the path "../a/1.png" points out`},
		"parent in":           {tarFile(t, tarEntry{name: "a/../../b/1.png", data: img}), "points out of the archive"},
		"symlink":             {tarFile(t, tarEntry{name: "a/1.png", kind: tar.TypeSymlink}), `"a/1.png" in the archive is a link`},
		"hard link":           {tarFile(t, tarEntry{name: "a/1.png", kind: tar.TypeLink}), `"a/1.png" in the archive is a link to "/etc/hostname", which points out of the archive`},
		"device":              {tarFile(t, tarEntry{name: "a/1.png", kind: tar.TypeChar}), "is a link or special file"},
		"twice":               {tarFile(t, tarEntry{name: "a/1.png", data: img}, tarEntry{name: "./a/1.png", data: img}), "a/1.png is there twice"},
		"too big":             {tarFile(t, tarEntry{name: "a/1.png", data: big}), "a/1.png has 16777217 bytes; at most 16777216"},
		"truncated":           {whole[:530], "bad data"},
		"cut behind an entry": {whole[:1024], "the archive is cut off"},
		"no archive":          {[]byte("hello, this is not an archive, although it is named like one" + string(make([]byte, 600))), "not a tar archive"},
		"empty":               {tarFile(t), "an empty archive"},
		"both kinds":          {tarFile(t, append(cifarEntries(), tarEntry{name: "a/1.png", data: img})...), "both CIFAR-10 batches and image files"},
		"batch twice": {
			tarFile(t, append(cifarEntries(), tarEntry{name: "x/test_batch.bin", data: cifarFile(1, 0)})...), "test_batch.bin is there twice",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, data := range [][]byte{tc.archive, gzipped(t, tc.archive)} {
				path := write(t, data, t.TempDir(), "x.tar.gz")
				_, err := loadSource(t, Source{Name: Folder, Path: path})
				require.ErrorIs(t, err, ErrCorrupt)
				require.ErrorContains(t, err, tc.want)
				require.ErrorContains(t, err, path)
				require.NotContains(t, err.Error(), "\n")
			}
		})
	}
}

func TestLoadStopsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	for _, e := range pets(t) {
		write(t, e.data, dir, e.name)
	}
	archive := write(t, tarFile(t, pets(t)...), t.TempDir(), "x.tar")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, path := range []string{dir, archive} {
		_, err := Load(ctx, Source{Name: Folder, Path: path, CacheDir: t.TempDir()})
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestJPEGs(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range grey.Pix {
		grey.Pix[i] = 77
	}
	s, err := readAll(t, []tarEntry{{name: "a/1.jpeg", data: encodeJPEG(t, grey)}, {name: "a/2.JPG", data: encodeJPEG(t, grey)}})
	require.NoError(t, err)
	require.Equal(t, 1, s.C)
	for _, v := range s.Images {
		// A block of one value is stored as its mean, quantised with a step of at most 2 at the default quality.
		require.InDelta(t, 77, v, 2)
	}
}
