package datasets

import (
	"bytes"
	"context"
	"image"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzIDX reads IDX files of any content. An accepted file has as many values as its
// dimensions require.
func FuzzIDX(f *testing.F) {
	f.Add(idxFile(ramp(24), 4, 2, 3))
	f.Add(idxFile(ramp(4), 4))
	f.Add(gzipped(f, idxFile(ramp(4), 4)))
	f.Add(idxFile(ramp(4), 1<<16, 1<<16, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		for rank := 1; rank <= 3; rank += 2 {
			shape, values, _, err := readIDXStream(bytes.NewReader(data), rank)
			if err != nil {
				require.ErrorIs(t, err, ErrCorrupt)
				continue
			}
			n := 1
			for _, d := range shape {
				n *= d
			}
			require.Len(t, values, n)
		}
	})
}

// FuzzCIFAR reads batches of CIFAR-10's binary form of any content.
func FuzzCIFAR(f *testing.F) {
	f.Add(cifarFile(1, 0))
	f.Add(cifarFile(9, 3)[:cifarPixels])
	f.Add(bytes.Replace(cifarFile(1, 7), []byte{0}, []byte{10}, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := readCIFAR(bytes.NewReader(data))
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		require.Len(t, b.images, len(b.labels)*cifarPixels)
		for _, label := range b.labels {
			require.Less(t, int(label), len(cifarClasses))
		}
	})
}

// FuzzImage decodes PNG and JPEG files of any content.
func FuzzImage(f *testing.F) {
	f.Add(greyPNG(f, 3, 2, 1))
	f.Add(colourPNG(f, 2, 2, image.White))
	f.Add(encodeJPEG(f, image.NewGray(image.Rect(0, 0, 9, 9))))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decodeImage(data, 0, 0, resizing{})
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		require.Len(t, r.pixels, r.c*r.h*r.w)
	})
}

// FuzzCache reads caches of decoded images of any content. Only a file that is complete
// is accepted.
func FuzzCache(f *testing.F) {
	var whole bytes.Buffer
	s, err := New("x", ramp(8), []uint8{0, 1}, 1, 2, 2, []string{"a", "b"})
	require.NoError(f, err)
	require.NoError(f, writeCache(&whole, cacheHeader{Key: "key"}, s))
	f.Add(whole.Bytes())
	f.Add(whole.Bytes()[:whole.Len()-1])
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := readCache(bytes.NewReader(data), int64(len(data)), "key", "x", nil); err == nil {
			require.Equal(t, s.sum(), s.Checksum)
		}
	})
}

// requireWhole checks that a set is consistent: each row has an image, and a label of a
// class.
func requireWhole(t *testing.T, s *Set) {
	t.Helper()
	require.Len(t, s.Images, len(s.Labels)*s.C*s.H*s.W)
	has := make([]bool, len(s.Classes))
	for _, label := range s.Labels {
		has[label] = true
	}
	require.NotContains(t, has, false)
	require.Equal(t, s.sum(), s.Checksum)
}

// FuzzArchive reads archives of any content, plain and gzipped, of image folders and
// CIFAR-10's batches.
func FuzzArchive(f *testing.F) {
	f.Add(tarFile(f, pets(f)...))
	f.Add(gzipped(f, tarFile(f, tarEntry{name: "a/1.png", data: greyPNG(f, 2, 2, 9)}, tarEntry{name: "b/1.png", data: greyPNG(f, 2, 2, 8)})))
	f.Add(tarFile(f, tarEntry{name: "x/test_batch.bin", data: cifarFile(1, 0)[:99]}))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := newLoader(Source{Name: Folder, Split: SplitAll})
		require.NoError(t, err)
		s, err := l.readArchive(context.Background(), bytes.NewReader(data), "fuzz")
		if err == nil {
			requireWhole(t, s)
		}
	})
}

// FuzzFolder reads image folders of any layout, one path per line, in an archive and, if
// the file system can hold the paths, on disk. Both give the same set, or both are
// refused.
func FuzzFolder(f *testing.F) {
	f.Add("cat/1.png\ndog/1.png\n", uint8(0))
	f.Add("pets/train/cat/1.png\npets/train/dog/2.png\npets/test/cat/1.png\npets/test/dog/9.jpg", uint8(1))
	f.Add("cat/1.png\ncat/1.png\nempty/", uint8(2))
	f.Add("../cat/1.png\n/etc/dog/1.png\n__MACOSX/cat/._1.png", uint8(3))
	pictures := [][]byte{greyPNG(f, 2, 2, 1), greyPNG(f, 2, 2, 200), encodeJPEG(f, image.NewGray(image.Rect(0, 0, 2, 2)))}
	splits := []string{SplitAuto, SplitTrain, SplitTest, SplitAll}
	f.Fuzz(func(t *testing.T, layout string, split uint8) {
		var entries []tarEntry
		local := true
		for i, line := range strings.SplitN(layout, "\n", 9) {
			e := tarEntry{name: line, data: pictures[i%len(pictures)]}
			if strings.HasSuffix(line, "/") {
				e.kind, e.data = '5', nil
			}
			if len(line) > 90 || strings.Contains(line, "\x00") { // package tar cannot write it
				return
			}
			local = local && filepath.IsLocal(line) && path.Clean(line) != "."
			entries = append(entries, e)
		}
		l, err := newLoader(Source{Name: Folder, Split: splits[int(split)%len(splits)]})
		require.NoError(t, err)
		packed, err := l.readArchive(context.Background(), bytes.NewReader(tarFile(t, entries...)), "fuzz")
		if err == nil {
			requireWhole(t, packed)
		}
		dir := t.TempDir()
		if !local || !unpacked(dir, entries) {
			return
		}
		l.src.CacheDir = t.TempDir()
		loose, looseErr := l.loadFolder(context.Background(), dir)
		if err != nil {
			require.Error(t, looseErr, "the archive's: %v", err)
			return
		}
		require.NoError(t, looseErr)
		require.Equal(t, packed.Checksum, loose.Checksum)
		require.Equal(t, counted(packed).Census, loose.Census)
	})
}

// unpacked writes the entries below a directory. It returns false if the file system
// cannot hold all of them.
func unpacked(dir string, entries []tarEntry) bool {
	for _, e := range entries {
		to := filepath.Join(dir, filepath.FromSlash(e.name))
		if e.kind != 0 {
			if os.MkdirAll(to, 0o755) != nil {
				return false
			}
			continue
		}
		if _, err := os.Lstat(to); err == nil || os.MkdirAll(filepath.Dir(to), 0o755) != nil || os.WriteFile(to, e.data, 0o644) != nil {
			return false
		}
	}
	return true
}
