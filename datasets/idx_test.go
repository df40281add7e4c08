package datasets

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// writeIDXSet writes the four files of an IDX dataset with n images each.
func writeIDXSet(t *testing.T, dir string, n int) {
	t.Helper()
	labels := make([]uint8, n)
	for i := range labels {
		labels[i] = uint8(i % 3)
	}
	write(t, gzipped(t, idxFile(ramp(n*6), n, 2, 3)), dir, trainImages+".gz")
	write(t, idxFile(labels, n), dir, trainLabels)
	write(t, idxFile(ramp(n*6 + 1)[1:], n, 2, 3), dir, testImages)
	write(t, gzipped(t, idxFile(labels, n)), dir, testLabels+".gz")
}

func TestLoadIDX(t *testing.T) {
	dir := t.TempDir()
	writeIDXSet(t, dir, 4)
	train, err := loadSource(t, Source{Name: Folder, Path: dir, Split: SplitTrain})
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3}, []int{train.C, train.H, train.W})
	require.Equal(t, []uint16{0, 1, 2, 0}, train.Labels)
	require.Equal(t, []string{"0", "1", "2"}, train.Classes)
	require.Equal(t, ramp(24), train.Images)

	test, err := loadSource(t, Source{Name: Folder, Path: dir, Split: SplitTest})
	require.NoError(t, err)
	require.Equal(t, ramp(25)[1:], test.Images)

	all, err := loadSource(t, Source{Name: Folder, Path: dir})
	require.NoError(t, err)
	require.Equal(t, append(ramp(24), ramp(25)[1:]...), all.Images)
	require.Equal(t, 8, all.Len())
	require.NotEqual(t, train.Checksum, all.Checksum)
}

func TestIDXFaults(t *testing.T) {
	images := idxFile(ramp(24), 4, 2, 3)
	for name, tc := range map[string]struct {
		file string
		data []byte // nil: the file is removed
		is   error
		want string
	}{
		"missing labels":   {trainLabels, nil, ErrMissing, "has no train-labels-idx1-ubyte or train-labels-idx1-ubyte.gz; check data.path"},
		"empty":            {testImages, []byte{}, ErrCorrupt, "truncated: 0 of 16 bytes"},
		"header cut":       {testImages, images[:9], ErrCorrupt, "truncated: 9 of 16 bytes"},
		"pixels cut":       {testImages, images[:30], ErrCorrupt, "truncated: 14 of 24 bytes"},
		"too long":         {testImages, append(images[:40:40], 0), ErrCorrupt, "more bytes than the header announces"},
		"gzip cut":         {testImages, gzipped(t, images)[:30], ErrCorrupt, "t10k-images-idx3-ubyte: bad data"},
		"labels as images": {testImages, idxFile(ramp(8), 8), ErrCorrupt, "wrong magic number 0x00000801"},
		"not IDX":          {testImages, []byte("<html>404 not found</html>"), ErrCorrupt, "wrong magic number 0x3c68746d"},
		"other count":      {testImages, idxFile(ramp(18), 3, 2, 3), ErrCorrupt, "t10k-images-idx3-ubyte has 3 images, but t10k-labels-idx1-ubyte has 4 labels"},
		"other size":       {testImages, idxFile(ramp(16), 4, 2, 2), ErrCorrupt, "training images are 3x2, test images 2x2"},
		"no image":         {testImages, idxFile(nil, 0, 2, 3), ErrCorrupt, "0 images"},
		"a label too many": {trainLabels, idxFile([]byte{0, 1, 2, 5}, 4), ErrCorrupt, `class "3" has no images`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeIDXSet(t, dir, 4)
			path := filepath.Join(dir, tc.file)
			if tc.data == nil {
				require.NoError(t, os.Remove(path))
			} else {
				write(t, tc.data, path)
			}
			_, err := loadSource(t, Source{Name: Folder, Path: dir})
			require.ErrorIs(t, err, tc.is)
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, "datasets: load folder: ")
			require.NotContains(t, err.Error(), "\n", "one sentence")
		})
	}
}

// A damaged gzip stream is found even if the content has the right length.
func TestGzipChecksum(t *testing.T) {
	file := gzipped(t, idxFile(ramp(24), 4, 2, 3))
	file[len(file)-8] ^= 1 // the CRC
	_, _, _, err := readIDXStream(bytes.NewReader(file), 3)
	require.ErrorIs(t, err, ErrCorrupt)
}

func TestKnownNamesCheckChecksumsAndShape(t *testing.T) {
	dir := t.TempDir()
	writeIDXSet(t, filepath.Join(dir, MNIST), 4)
	_, err := loadSource(t, Source{Name: MNIST, Dir: dir})
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "checksum mismatch")
	require.ErrorContains(t, err, "run `backfire data fetch mnist` to replace it")

	// Another form of the data has no published checksum, but must have the shape.
	other := t.TempDir()
	write(t, greyPNG(t, 28, 28, 1), other, MNIST, "seven", "1.png")
	_, err = loadSource(t, Source{Name: MNIST, Dir: other})
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "holds 1 classes of 1x28x28 images, MNIST handwritten digits has 10 of 1x28x28")
}

// Headers with absurd sizes must not cost memory.
func TestAbsurdSizesCostNothing(t *testing.T) {
	for name, shape := range map[string][]int{
		"images": {1 << 31, 28, 28}, "width": {1, 28, 1 << 20}, "height": {1, 1 << 31, 1}, "all": {1 << 20, 1000, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			allocated := measure(func() {
				_, _, err := readIDX(bytes.NewReader(idxFile(ramp(100), shape...)), 3)
				require.ErrorIs(t, err, ErrCorrupt)
			})
			require.Less(t, allocated, uint64(1<<20))
		})
	}
	// The size is within the limits, but nothing follows the header: at most the first block is allocated.
	allocated := measure(func() {
		_, _, err := readIDX(bytes.NewReader(idxFile(ramp(100), 4000, 1000, 1000)), 3)
		require.ErrorIs(t, err, errTruncated)
	})
	require.Less(t, allocated, uint64(2*firstBlock))
}

// measure returns the number of bytes that f allocates.
func measure(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestIDXRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, h, w := rapid.IntRange(1, 5).Draw(t, "n"), rapid.IntRange(1, 5).Draw(t, "h"), rapid.IntRange(1, 5).Draw(t, "w")
		data := rapid.SliceOfN(rapid.Byte(), n*h*w, n*h*w).Draw(t, "data")
		file := idxFile(data, n, h, w)
		if rapid.Bool().Draw(t, "gzip") {
			file = gzipped(t, file)
		}
		shape, got, _, err := readIDXStream(bytes.NewReader(file), 3)
		require.NoError(t, err)
		require.Equal(t, []int{n, h, w}, shape)
		require.Equal(t, data, got)
	})
}

// readN returns the same bytes whatever is known beforehand, also beyond its first block.
func TestReadNGrows(t *testing.T) {
	n := firstBlock + firstBlock/2
	data := make([]byte, n)
	data[0], data[firstBlock], data[n-1] = 1, 2, 3
	for _, known := range []int64{0, int64(n)} {
		got, err := readN(bytes.NewReader(data), int64(n), known)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, got))
	}
}

func TestEmbedded(t *testing.T) {
	s, err := loadSource(t, Source{Name: Embedded})
	require.NoError(t, err)
	require.Equal(t, []int{10000, 1, 28, 28}, []int{s.Len(), s.C, s.H, s.W})
	require.Equal(t, "Ankle boot", s.Classes[9])
	require.Equal(t, []uint16{9, 2, 1, 1, 6, 1, 4, 6, 5, 7}, s.Labels[:10])
	counts := make([]int, 10)
	for _, label := range s.Labels {
		counts[label]++
	}
	require.Equal(t, []int{1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000}, counts)

	for _, split := range []string{SplitAuto, SplitTest, SplitAll} {
		same, err := loadSource(t, Source{Name: Embedded, Split: split})
		require.NoError(t, err)
		require.Equal(t, s.Checksum, same.Checksum)
	}
	_, err = loadSource(t, Source{Name: Embedded, Split: SplitTrain})
	require.ErrorIs(t, err, ErrSplit)
	require.ErrorContains(t, err, "use the name fashion-mnist")
	_, err = loadSource(t, Source{Name: Embedded, Path: "my/images"})
	require.ErrorContains(t, err, "set data.name to folder")
}
