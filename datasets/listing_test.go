package datasets

import (
	"archive/tar"
	"bytes"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/datasets/census"
)

// Every file that is not read is counted with its reason, in a directory and in an
// archive.
func TestLeftOutFilesAreCounted(t *testing.T) {
	for name, reason := range map[string]census.Reason{
		"cat/1.avif": census.Format, "cat/1.PSD": census.Format, "cat/1.jxl": census.Format, "cat/1.jp2": census.Format, "cat/x/1.tga": census.Format,
		"cat/1.heic": census.Format, "1.svg": census.Format,
		"more.zip": census.Archive, "cat/more.tar.gz": census.Archive, "more.tar": census.Archive, "cat/1.png.gz": census.Archive,
		"cat/.1.png": census.Hidden, "cat/._1.png": census.Hidden, ".git/config": census.Hidden, "__MACOSX/cat/._1.png": census.Hidden,
		"@eaDir/cat/1.png": census.Hidden, "cat/@eaDir/1.png/x.jpg": census.Hidden, "cat/Thumbs.db": census.Hidden, "$RECYCLE.BIN/1.png": census.Hidden,
		"lost+found/x": census.Hidden, "__pycache__/a.pyc": census.Hidden, "cat/DESKTOP.INI": census.Hidden, ".ipynb_checkpoints/1-checkpoint.png": census.Hidden,
		"README.md": census.Other, "labels.csv": census.Other, "cat/0001": census.Other, "cat/1.png.bak": census.Other, "cat/1.npy": census.Other,
		"cat/1.npz": census.Beside, "table.parquet": census.Beside, "train_X.bin": census.Beside,
		"batches.meta.txt": census.Other, "a b\tc": census.Other,
	} {
		t.Run(strings.ReplaceAll(name, "/", ":"), func(t *testing.T) {
			entries := []tarEntry{{name: "cat/1.png", data: greyPNG(t, 2, 2, 1)}, {name: "dog/1.png", data: greyPNG(t, 2, 2, 2)}, {name: name, data: []byte("x")}}
			dir := t.TempDir()
			unpackTree(t, dir, entries)
			for _, p := range []string{dir, write(t, tarFile(t, entries...), t.TempDir(), "x.tar")} {
				s, err := loadSource(t, Source{Name: Folder, Path: p})
				require.NoError(t, err)
				require.Equal(t, []int{3, 2, 1}, []int{s.Census.Seen, s.Census.Read, s.Census.Left(reason)})
				require.NotContains(t, s.Census.Line(s.Classes), "\t")
				require.Contains(t, s.Census.Line(s.Classes), "3 files seen, 2 read; left out: 1 ")
			}
		})
	}
}

// What would be lost is refused, with the way out.
func TestLostImagesAreRefused(t *testing.T) {
	img := greyPNG(t, 2, 2, 1)
	deep := strings.Repeat("d/", maxDepth+1)
	for name, tc := range map[string]struct {
		files []string
		want  string
	}{
		"deep below a class":  {[]string{"cat/1.png", "dog/1.png", "cat/x/y/z/1.png"}, "cat/x/y/z/1.png has another layout than other images"},
		"first of all":        {[]string{"a/b/c/1.png", "cat/1.png", "dog/1.png"}, "a/b/c/1.png has another layout than other images"},
		"beside the classes":  {[]string{"cat/1.png", "dog/1.png", "preview.png"}, "preview.png is not in a class folder"},
		"unlabelled":          {[]string{"train/cat/1.png", "train/dog/1.png", "unlabeled/1.png"}, "unlabeled/1.png has another layout"},
		"superclasses":        {[]string{"animals/cat/1.png", "things/car/1.png"}, "animals/cat/1.png has another layout"},
		"format of one class": {[]string{"cat/1.png", "dog/2.avif", "dog/1.avif"}, `class "dog" has no images; images such as dog/1.avif are not read: convert them to PNG`},
		"empty class":         {[]string{"cat/1.png", "dog/"}, `class "dog" has no images; remove the folder`},
		"backslashes":         {[]string{`cat\1.png`, "dog/1.png"}, `its path has \ in place of /`},
		"only another format": {[]string{"cat/1.tga", "dog/1.tga"}, "holds no images in class folders, and no data files that are read: 2 files seen, 0 read; left out: 2 .tga"},
		"bottomless":          {[]string{deep + "1.png"}, "directories more than 64 deep"},
	} {
		t.Run(name, func(t *testing.T) {
			var entries []tarEntry
			for _, f := range tc.files {
				e := tarEntry{name: f, data: img}
				if strings.HasSuffix(f, "/") {
					e.kind, e.data = tar.TypeDir, nil
				}
				entries = append(entries, e)
			}
			dir := t.TempDir()
			unpackTree(t, dir, entries)
			for _, p := range []string{dir, write(t, tarFile(t, entries...), t.TempDir(), "x.tar")} {
				_, err := loadSource(t, Source{Name: Folder, Path: p})
				require.ErrorContains(t, err, tc.want)
				require.NotContains(t, err.Error(), "\n")
			}
		})
	}
}

// Any depth above the classes is the same in a directory and in an archive.
func TestDepthOfClasses(t *testing.T) {
	for _, prefix := range []string{"", "a/", "a/b/c/d/e/", "x/train/y/"} {
		entries := []tarEntry{{name: prefix + "cat/1.png", data: greyPNG(t, 2, 2, 0)}, {name: prefix + "dog/1.png", data: greyPNG(t, 2, 2, 1)}}
		dir := t.TempDir()
		unpackTree(t, dir, entries)
		for _, p := range []string{dir, write(t, tarFile(t, entries...), t.TempDir(), "x.tar")} {
			s, err := loadSource(t, Source{Name: Folder, Path: p})
			require.NoError(t, err)
			require.Equal(t, []string{"cat", "dog"}, s.Classes)
		}
	}
}

// Another archive behind the end is refused, and other bytes are counted.
func TestBehindTheEndOfAnArchive(t *testing.T) {
	one := tarFile(t, tarEntry{name: "a/1.png", data: greyPNG(t, 2, 2, 1)}, tarEntry{name: "b/1.png", data: greyPNG(t, 2, 2, 9)})
	two := tarFile(t, tarEntry{name: "a/2.png", data: greyPNG(t, 2, 2, 1)})
	rapid.Check(t, func(t *rapid.T) {
		var parts [][]byte
		another := false
		trailing := 0
		for range rapid.IntRange(0, 4).Draw(t, "parts") {
			switch rapid.IntRange(0, 5).Draw(t, "part") {
			case 0:
				another = true
				parts = append(parts, two)
			case 1, 2:
				parts = append(parts, make([]byte, rapid.SampledFrom([]int{1, 511, 512, 10240, 32 << 10, 1<<15 - 3}).Draw(t, "zeros")))
			default:
				garbage := rapid.SliceOfN(rapid.ByteRange(1, 'a'), 1, 2000).Draw(t, "garbage")
				trailing += len(garbage)
				parts = append(parts, garbage)
			}
		}
		whole := slices.Concat(one, bytes.Join(parts, nil))
		for _, data := range [][]byte{whole, gzipped(t, whole), slices.Concat(gzipped(t, one), gzipped(t, bytes.Join(parts, nil)))} {
			l, err := newLoader(Source{Name: Folder, Path: "x"})
			require.NoError(t, err)
			s, err := l.readArchive(t.Context(), bytes.NewReader(data), "x")
			if another {
				require.ErrorIs(t, err, ErrCorrupt)
				require.ErrorContains(t, err, "another archive follows behind its end; unpack each into one folder")
				continue
			}
			require.NoError(t, err)
			require.EqualValues(t, trailing, s.Census.Trailing)
		}
	})
}

// The batches of CIFAR-10 are found at any depth, in a directory as in an archive, with
// the names of their classes. A file of names that does not fit is counted.
func TestBatchesAtAnyDepth(t *testing.T) {
	own := "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n"
	for _, meta := range []string{own, "plane\n", own + "k\n", "a\na\nb\nc\nd\ne\nf\ng\nh\ni\n", "A\na\nb\nc\nd\ne\nf\ng\nh\ni\n"} {
		for _, at := range []string{"", cifarFolder + "/", "x/y/"} {
			entries := []tarEntry{{name: at + cifarMeta, data: []byte(meta)}, {name: at + "readme.html"}}
			for _, e := range cifarEntries()[2:] {
				entries = append(entries, tarEntry{name: at + path.Base(e.name), data: e.data})
			}
			dir := t.TempDir()
			unpackTree(t, dir, entries)
			for _, p := range []string{dir, write(t, tarFile(t, entries...), t.TempDir(), "x.tar")} {
				s, err := loadSource(t, Source{Name: Folder, Path: p, Split: SplitTrain})
				if meta[0] == 'A' || strings.HasPrefix(meta, "a\na") {
					require.ErrorIs(t, err, ErrCorrupt)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, 8, s.Census.Seen)
				require.Equal(t, []census.SplitCount{{Name: SplitTrain, Images: 50, Classes: []int{5, 5, 5, 5, 5, 5, 5, 5, 5, 5}}}, s.Census.Splits)
				require.Equal(t, 1, s.Census.Left(census.Split))
				if meta == own {
					require.Equal(t, []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}, s.Classes)
					require.Equal(t, 6, s.Census.Read)
					continue
				}
				require.Equal(t, cifarClasses, s.Classes)
				require.Equal(t, 5, s.Census.Read)
			}
		}
	}
}

// What lies beside data of another form is counted.
func TestFilesBesideTheData(t *testing.T) {
	dir := t.TempDir()
	writeIDXSet(t, dir, 4)
	write(t, idxFile(ramp(4), 4), dir, trainLabels+".gz") // beside the plain file, which is read
	write(t, greyPNG(t, 2, 2, 1), dir, "cat", "1.png")
	write(t, nil, dir, ".fetch.lock")
	s, err := loadSource(t, Source{Name: Folder, Path: dir, Split: SplitTrain})
	require.NoError(t, err)
	require.Equal(t, []census.LeftOut{
		{Reason: census.Split, Files: 2, Example: testImages},
		{Reason: census.Beside, Files: 2, Example: "cat"},
		{Reason: census.Hidden, Files: 1, Example: ".fetch.lock"},
	}, s.Census.LeftOut)
	require.Equal(t, []int{7, 2}, []int{s.Census.Seen, s.Census.Read})
	require.Equal(t, []census.SplitCount{{Name: SplitTrain, Images: 4, Classes: []int{2, 1, 1}}}, s.Census.Splits)

	dir = t.TempDir()
	for _, e := range pets(t) {
		write(t, e.data, dir, cifarFolder+"-not", e.name)
	}
	write(t, gzipped(t, tarFile(t, cifarEntries()...)), dir, cifarArchive)
	write(t, nil, dir, "other.tar")
	for range 2 { // the second time from the cache
		s, err = loadSource(t, Source{Name: Folder, Path: dir})
		require.NoError(t, err)
		require.Equal(t, 60, s.Len())
		require.Equal(t, 2, s.Census.Left(census.Beside))
		require.Equal(t, 9, s.Census.Seen)
	}
	for _, e := range cifarEntries()[1:] {
		write(t, e.data, dir, e.name)
	}
	s, err = loadSource(t, Source{Name: Folder, Path: dir})
	require.NoError(t, err)
	require.Equal(t, 3, s.Census.Left(census.Beside), "the folder, the two archives")
}

// Repeated and constant images, and a set of one class, are told.
func TestPixelsAreCounted(t *testing.T) {
	dir := t.TempDir()
	for _, p := range []string{"train/cat/1.png", "train/cat/2.png", "train/dog/1.png", "test/cat/1.png", "test/dog/9.png"} {
		write(t, greyPNG(t, 2, 2, 7), dir, p)
	}
	for range 2 {
		s, err := loadSource(t, Source{Name: Folder, Path: dir})
		require.NoError(t, err)
		require.Equal(t, census.Pixels{Repeated: 4, OtherLabel: 2, Constant: 5}, s.Census.Pixels)
		require.Contains(t, s.Census.Line(s.Classes), "4 images repeat the pixels of an earlier one (2 under another label); 5 images of one value")
	}
	one := write(t, tarFile(t, tarEntry{name: "cat/1.png", data: greyPNG(t, 2, 2, 7)}), t.TempDir(), "x.tar")
	s, err := loadSource(t, Source{Name: Folder, Path: one})
	require.NoError(t, err)
	require.Contains(t, s.Census.Line(s.Classes), "one class only")

	s, err = loadSource(t, Source{Name: Embedded})
	require.NoError(t, err)
	require.Equal(t, "2 files seen, 2 read; test: 10000 images of 10 classes", s.Census.Line(s.Classes))
}
