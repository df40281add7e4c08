package datasets

import (
	"archive/tar"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets/census"
)

// A link within a directory is followed. One that leads out, in a circle or nowhere is
// refused if an image or a class would be lost, and counted otherwise.
func TestLinksOfADirectory(t *testing.T) {
	elsewhere := t.TempDir()
	write(t, greyPNG(t, 2, 2, 9), elsewhere, "1.png")
	write(t, []byte("x"), elsewhere, "notes.txt")
	for name, tc := range map[string]struct {
		link, target string
		rows         []uint8
		left         int    // links that are left out
		want         string // the error
	}{
		"image":                {"cat/2.png", "../dog/1.png", []uint8{0, 1, 1}, 0, ""},
		"absolute image":       {"cat/2.png", "DIR/dog/1.png", []uint8{0, 1, 1}, 0, ""},
		"class":                {"owl", "dog", []uint8{0, 1, 1}, 0, ""},
		"absolute class":       {"owl", "DIR/dog", []uint8{0, 1, 1}, 0, ""},
		"hidden store":         {"owl", ".store/owl", []uint8{0, 1, 5}, 0, ""},
		"text":                 {"cat/notes", "../.store/notes.txt", []uint8{0, 1}, 1, ""},
		"text outside":         {"cat/notes", "OUT/notes.txt", []uint8{0, 1}, 1, ""},
		"nowhere":              {"notes.txt", "nowhere", []uint8{0, 1}, 1, ""},
		"circle of one":        {"notes.txt", "notes.txt", []uint8{0, 1}, 1, ""},
		"hidden outside":       {".notes", "OUT", []uint8{0, 1}, 0, ""},
		"image outside":        {"cat/2.png", "OUT/1.png", nil, 0, "cat/2.png: a link that leads out of the directory; put a copy of its target in its place"},
		"class outside":        {"owl", "OUT", nil, 0, "owl: a link that leads out of the directory"},
		"device":               {"cat/2.png", "/dev/zero", nil, 0, "cat/2.png: a link that leads out"},
		"image that is absent": {"cat/2.png", "nowhere", nil, 0, "cat/2.png is a link to a file that is not there"},
		"image of itself":      {"cat/2.png", "2.png", nil, 0, "cat/2.png is a link to a file that is not there"},
		"folder above":         {"cat/up", "..", nil, 0, "cat/up is a link to a folder in which it lies; remove the link"},
		"itself":               {"cat/self", ".", nil, 0, "cat/self is a link to a folder in which it lies"},
		"absolute above":       {"cat/up", "DIR", nil, 0, "cat/up is a link to a folder in which it lies"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, greyPNG(t, 2, 2, 0), dir, "cat", "1.png")
			write(t, greyPNG(t, 2, 2, 1), dir, "dog", "1.png")
			write(t, greyPNG(t, 2, 2, 5), dir, ".store", "owl", "1.png")
			write(t, []byte("x"), dir, ".store", "notes.txt")
			target := tc.target
			for from, to := range map[string]string{"DIR": dir, "OUT": elsewhere} {
				if rest, ok := cutPath(target, from); ok {
					target = filepath.Join(to, rest)
				}
			}
			require.NoError(t, os.Symlink(target, filepath.Join(dir, tc.link)))
			s, err := loadSource(t, Source{Name: Folder, Path: dir})
			if tc.want != "" {
				require.ErrorIs(t, err, ErrCorrupt)
				require.ErrorContains(t, err, tc.want)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.rows, rows(s))
			require.Equal(t, tc.left, s.Census.Left(census.Link))
		})
	}
}

// cutPath returns the rest of a path below its first element.
func cutPath(path, first string) (string, bool) {
	if path == first {
		return "", true
	}
	if len(path) > len(first) && path[:len(first)+1] == first+"/" {
		return path[len(first)+1:], true
	}
	return "", false
}

// A directory whose links double each other at each level is refused, and does not keep
// the program busy without end.
func TestLinksThatDouble(t *testing.T) {
	dir := t.TempDir()
	write(t, greyPNG(t, 2, 2, 0), dir, "a00", "1.png")
	const levels = 40
	for i := 1; i <= levels; i++ {
		at := filepath.Join(dir, levelName(i))
		require.NoError(t, os.Mkdir(at, 0o755))
		require.NoError(t, os.Symlink("../"+levelName(i-1), filepath.Join(at, "x")))
		require.NoError(t, os.Symlink("../"+levelName(i-1), filepath.Join(at, "y")))
	}
	_, err := loadSource(t, Source{Name: Folder, Path: dir})
	require.ErrorIs(t, err, ErrCorrupt)
}

func levelName(i int) string { return "a" + string(rune('0'+i/10)) + string(rune('0'+i%10)) }

// A hard link in an archive is another name of a file, wherever it stands. A symbolic
// link is refused if an image or a class would be lost, and counted otherwise.
func TestLinksOfAnArchive(t *testing.T) {
	cat, dog := tarEntry{name: "cat/1.png", data: greyPNG(t, 2, 2, 0)}, tarEntry{name: "dog/1.png", data: greyPNG(t, 2, 2, 1)}
	link := func(kind byte, name, target string) tarEntry { return tarEntry{name: name, kind: kind, link: target} }
	for name, tc := range map[string]struct {
		more []tarEntry
		rows []uint8
		left int    // links that are left out
		want string // the error
	}{
		"hard":               {[]tarEntry{link(tar.TypeLink, "dog/2.png", "cat/1.png")}, []uint8{0, 1, 0}, 0, ""},
		"hard to hard":       {[]tarEntry{link(tar.TypeLink, "dog/2.png", "dog/3.png"), link(tar.TypeLink, "dog/3.png", "./cat/1.png")}, []uint8{0, 1, 0, 0}, 0, ""},
		"hard to a hidden":   {[]tarEntry{{name: ".blobs/7", data: greyPNG(t, 2, 2, 7)}, link(tar.TypeLink, "dog/2.png", ".blobs/7")}, []uint8{0, 1, 7}, 0, ""},
		"hard to text":       {[]tarEntry{{name: "README"}, link(tar.TypeLink, "cat/README", "README")}, []uint8{0, 1}, 0, ""},
		"hard to nothing":    {[]tarEntry{link(tar.TypeLink, "dog/2.png", "cat/9.png")}, nil, 0, "dog/2.png is a hard link to cat/9.png, which is not in the archive"},
		"hard out":           {[]tarEntry{link(tar.TypeLink, "dog/2.png", "../cat/9.png")}, nil, 0, "points out of the archive"},
		"hard to itself":     {[]tarEntry{link(tar.TypeLink, "dog/2.png", "dog/2.png")}, nil, 0, "part of a circle of links"},
		"hard and file":      {[]tarEntry{link(tar.TypeLink, "dog/1.png", "cat/1.png")}, nil, 0, "dog/1.png is there twice"},
		"hard twice":         {[]tarEntry{link(tar.TypeLink, "dog/2.png", "cat/1.png"), link(tar.TypeLink, "dog/2.png", "dog/1.png")}, nil, 0, "dog/2.png is there twice"},
		"hard to symbolic":   {[]tarEntry{link(tar.TypeLink, "dog/2.png", "x"), link(tar.TypeSymlink, "x", "cat/1.png")}, nil, 0, "is a link to a link"},
		"symbolic text":      {[]tarEntry{link(tar.TypeSymlink, "LATEST", "README.md")}, []uint8{0, 1}, 1, ""},
		"symbolic out":       {[]tarEntry{link(tar.TypeSymlink, "notes.txt", "/etc/passwd")}, []uint8{0, 1}, 1, ""},
		"symbolic hidden":    {[]tarEntry{link(tar.TypeSymlink, ".x", "..")}, []uint8{0, 1}, 0, ""},
		"symbolic image":     {[]tarEntry{link(tar.TypeSymlink, "cat/2.png", "../dog/1.png")}, nil, 0, `"cat/2.png" in the archive is a link; pack the files themselves (tar --dereference)`},
		"symbolic class":     {[]tarEntry{link(tar.TypeSymlink, "owl", "dog")}, nil, 0, `"owl" in the archive is a link`},
		"symbolic class out": {[]tarEntry{link(tar.TypeSymlink, "owl", "/data/owl")}, nil, 0, `"owl" in the archive is a link`},
		"symbolic above":     {[]tarEntry{link(tar.TypeSymlink, "cat/up", "..")}, nil, 0, `"cat/up" in the archive is a link`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, entries := range [][]tarEntry{append([]tarEntry{cat, dog}, tc.more...), append(tc.more[:len(tc.more):len(tc.more)], dog, cat)} {
				s, err := readAll(t, entries)
				if tc.want != "" {
					require.ErrorIs(t, err, ErrCorrupt)
					require.ErrorContains(t, err, tc.want)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, tc.rows, rows(s))
				require.Equal(t, tc.left, s.Census.Left(census.Link))
			}
		})
	}
}

// Pipes, sockets and devices are never opened, wherever they lie: opening a pipe would
// wait for its other end.
func TestSpecialFilesAreNotOpened(t *testing.T) {
	for name, tc := range map[string]struct {
		special string
		want    string // empty: it is counted
	}{
		"images":       {trainImages, "train-images-idx3-ubyte is not a regular file"},
		"labels":       {trainLabels, "train-labels-idx1-ubyte is not a regular file"},
		"batch":        {"data_batch_1.bin", "data_batch_1.bin is not a regular file"},
		"batch below":  {cifarFolder + "/test_batch.bin", "test_batch.bin is not a regular file"},
		"deep batch":   {"x/y/test_batch.bin", "test_batch.bin is not a regular file"},
		"class names":  {"x/batches.meta.txt", "batches.meta.txt is not a regular file"},
		"image":        {"cat/2.png", "2.png is not a regular file"},
		"archive":      {"x.tar.gz", "x.tar.gz is not a regular file"},
		"other":        {"cat/notes.txt", ""},
		"other format": {"cat/1.avif", ""},
		"hidden":       {"cat/.x.png", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, kind := range []uint32{syscall.S_IFIFO, syscall.S_IFSOCK} {
				dir := t.TempDir()
				if filepath.Dir(tc.special) == "cat" {
					write(t, greyPNG(t, 2, 2, 0), dir, "cat", "1.png")
				}
				if tc.special == trainLabels {
					write(t, idxFile(ramp(6), 1, 2, 3), dir, trainImages)
				}
				at := filepath.Join(dir, tc.special)
				require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o755))
				require.NoError(t, syscall.Mknod(at, kind|0o644, 0))
				s, err := loadSource(t, Source{Name: Folder, Path: dir, Split: SplitAll})
				if tc.want != "" {
					require.ErrorIs(t, err, ErrCorrupt)
					require.ErrorContains(t, err, tc.want)
					_, err = loadSource(t, Source{Name: Folder, Path: at})
					require.ErrorIs(t, err, ErrCorrupt)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, 2, s.Census.Seen)
				require.Equal(t, 1, s.Census.Left(""))
			}
		})
	}
}

// The original files are read from the directory that was named, and from nowhere else.
func TestFilesOutsideAreNotRead(t *testing.T) {
	elsewhere := t.TempDir()
	writeIDXSet(t, elsewhere, 5)
	dir := t.TempDir()
	for _, name := range []string{trainImages + ".gz", trainLabels} {
		require.NoError(t, os.Symlink(filepath.Join(elsewhere, name), filepath.Join(dir, name)))
	}
	_, err := loadSource(t, Source{Name: Folder, Path: dir, Split: SplitTrain})
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, trainImages+".gz: a link that leads out of the directory")

	named := filepath.Join(t.TempDir(), "named")
	require.NoError(t, os.Symlink(elsewhere, named))
	s, err := loadSource(t, Source{Name: Folder, Path: named, Split: SplitTrain})
	require.NoError(t, err, "the directory itself may be a link")
	require.Equal(t, 5, s.Len())
}
