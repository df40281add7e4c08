package datasets

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// readCase is data in one form, as people have them.
type readCase struct {
	files map[string][]byte
	path  string // below the directory of the files; empty: the directory itself
	split string
	// What is read.
	images  int
	shape   [3]int
	classes []string
	pixels  []uint8 // the first of the first image
	labels  []uint16
}

// imageCases are the rows of docs/data.md whose data are image files and archives, by
// their names there.
func imageCases(t require.TestingT) map[string]readCase {
	red := image.NewRGBA(image.Rect(0, 0, 2, 2))
	for i := range 4 {
		red.Set(i%2, i/2, color.RGBA{200, 10, 20, 255})
	}
	grey := func(v uint8) *image.Gray {
		img := image.NewGray(image.Rect(0, 0, 2, 2))
		for i := range img.Pix {
			img.Pix[i] = v
		}
		return img
	}
	two := func(ending string, cat, dog []byte) map[string][]byte {
		return map[string][]byte{"cat/1" + ending: cat, "dog/1" + ending: dog}
	}
	pets := []tarEntry{{name: "p/cat/1.png", data: greyPNG(t, 2, 2, 7)}, {name: "p/dog/1.png", data: greyPNG(t, 2, 2, 9)}}
	archive := func(name string, data []byte) readCase {
		return readCase{files: map[string][]byte{name: data}, images: 2, shape: [3]int{1, 2, 2}, classes: []string{"cat", "dog"}, pixels: []uint8{7, 7}, labels: []uint16{0, 1}}
	}
	files := func(files map[string][]byte, shape [3]int, pixels ...uint8) readCase {
		return readCase{files: files, images: 2, shape: shape, classes: []string{"cat", "dog"}, pixels: pixels, labels: []uint16{0, 1}}
	}
	return map[string]readCase{
		"PNG":     files(two(".png", greyPNG(t, 2, 2, 1), greyPNG(t, 2, 2, 2)), [3]int{1, 2, 2}, 1, 1),
		"JPEG":    files(two(".jfif", encodeJPEG(t, grey(100)), encodeJPEG(t, grey(50))), [3]int{1, 2, 2}, 100, 100),
		"WebP":    files(two(".webp", testdata(t, "red.webp"), testdata(t, "red.webp")), [3]int{3, 2, 2}, 200, 200),
		"BMP":     files(two(".bmp", encoded(t, func(w *bytes.Buffer) error { return bmp.Encode(w, red) }), encoded(t, func(w *bytes.Buffer) error { return bmp.Encode(w, red) })), [3]int{3, 2, 2}, 200, 200, 200, 200, 10),
		"GIF":     files(two(".gif", encoded(t, func(w *bytes.Buffer) error { return gif.Encode(w, grey(0), nil) }), encoded(t, func(w *bytes.Buffer) error { return gif.Encode(w, grey(0), nil) })), [3]int{3, 2, 2}, 0),
		"TIFF":    files(two(".tif", encoded(t, func(w *bytes.Buffer) error { return tiff.Encode(w, red, nil) }), encoded(t, func(w *bytes.Buffer) error { return tiff.Encode(w, red, nil) })), [3]int{3, 2, 2}, 200, 200, 200, 200, 10),
		"PPM":     files(two(".ppm", []byte("P6\n# by hand\n2 1\n255\n\x01\x02\x03\x04\x05\x06"), []byte("P6 2 1 255\n\x01\x02\x03\x04\x05\x06")), [3]int{3, 1, 2}, 1, 4, 2, 5, 3, 6),
		"PGM":     files(two(".pgm", []byte("P5\n2 1\n255\n\x01\x02"), []byte("P5\n2 1\n255\n\x03\x04")), [3]int{1, 1, 2}, 1, 2),
		"tar":     archive("x.tar", tarFile(t, pets...)),
		"tar.gz":  archive("x.tar.gz", gzipped(t, tarFile(t, pets...))),
		"tar.xz":  archive("x.tar.xz", xzFile(t, tarFile(t, pets...))),
		"tar.zst": archive("x.tar.zst", zstdFile(t, tarFile(t, pets...))),
		"tar.bz2": archive("x.tar.bz2", testdata(t, "pets.tar.bz2")),
		"zip":     archive("x.zip", zipFile(t, pets...)),
	}
}

// dataCases are those of the rows whose data are not image files.
func dataCases(t require.TestingT) map[string]readCase {
	all := arrayCases(t)
	maps.Copy(all, idxCases(t))
	return all
}

// idxCases are those of the IDX files.
func idxCases(t require.TestingT) map[string]readCase {
	images, labels := idxFile(ramp(12), 2, 2, 3), idxFile([]byte{0, 1}, 2)
	idx := func(files map[string][]byte, split string) readCase {
		return readCase{files: files, split: split, images: 2, shape: [3]int{1, 2, 3}, classes: []string{"0", "1"}, pixels: ramp(12)[:2], labels: []uint16{0, 1}}
	}
	return map[string]readCase{
		"MNIST/raw": idx(map[string][]byte{"MNIST/raw/" + trainImages: images, "MNIST/raw/" + trainLabels: labels, "MNIST/raw/" + trainImages + ".gz": gzipped(t, images)}, SplitTrain),
		"Kaggle IDX": idx(map[string][]byte{
			"train-images.idx3-ubyte": images, "train-labels.idx1-ubyte": labels,
			"train-images-idx3-ubyte/train-images-idx3-ubyte": images, "train-labels-idx1-ubyte/train-labels-idx1-ubyte": labels,
		}, SplitAll),
		"EMNIST letters": {
			files: map[string][]byte{
				"emnist-letters-test-images-idx3-ubyte.gz": gzipped(t, idxFile(ramp(26*6), 26, 2, 3)),
				"emnist-letters-test-labels-idx1-ubyte.gz": gzipped(t, idxFile(ramp1(26), 26)), "emnist-digits-test-images-idx3-ubyte.gz": nil,
			},
			path: "emnist-letters-test-images-idx3-ubyte.gz", images: 26, shape: [3]int{1, 2, 3}, classes: strings.Split("ABCDEFGHIJKLMNOPQRSTUVWXYZ", ""), pixels: ramp(2), labels: []uint16{0, 1},
		},
		"KMNIST zip": idx(map[string][]byte{"k.zip": zipFile(t, tarEntry{name: "KMNIST/raw/" + testImages + ".gz", data: gzipped(t, images)}, tarEntry{name: "KMNIST/raw/" + testLabels + ".gz", data: gzipped(t, labels)})}, SplitTest),
		"QMNIST": idx(map[string][]byte{"qmnist-train-images-idx3-ubyte": images, "qmnist-train-labels-idx2-int": func() []byte {
			f := idxFile(int32s(0, 9, 9, 1, 9, 9), 2, 3)
			f[2] = 0x0c
			return f
		}()}, SplitAuto),
		"integer labels": idx(map[string][]byte{"mine-train-images-idx3-ubyte": images, "mine-train-labels-idx1-int": func() []byte {
			f := idxFile(int32s(0, 1), 2)
			f[2] = 0x0c
			return f
		}()}, SplitAuto),
	}
}

// arrayCases are those of the other forms.
func arrayCases(t require.TestingT) map[string]readCase {
	medmnist := zipFile(t,
		tarEntry{name: "train_images.npy", data: npy("|u1", ramp(24), 2, 2, 2, 3)}, tarEntry{name: "train_labels.npy", data: npy("|u1", []byte{0, 1}, 2, 1)},
		tarEntry{name: "val_images.npy", data: npy("|u1", ramp(12), 1, 2, 2, 3)}, tarEntry{name: "val_labels.npy", data: npy("<i8", int64s(1), 1, 1)},
		tarEntry{name: "test_images.npy", data: npy("|u1", ramp(12), 1, 2, 2, 3)}, tarEntry{name: "test_labels.npy", data: npy("<i8", int64s(0), 1, 1)})
	cifar100 := func(coarse, fine, value byte) []byte {
		return append([]byte{coarse, fine}, bytes.Repeat([]byte{value}, cifarPixels)...)
	}
	stl := make([]byte, stl10Size)
	stl[1] = 77 // the second value of the first column is at row 1, column 0
	batches := map[string][]byte{}
	for _, e := range cifarEntries()[1:] {
		batches[e.name] = e.data
	}
	return map[string]readCase{
		"CIFAR-10 binary": {
			files: batches, split: SplitTest, images: 10, shape: [3]int{3, 32, 32}, classes: cifarClasses, pixels: []uint8{50, 50}, labels: []uint16{0, 1, 2},
		},
		"CIFAR-10 Python": {
			files:  map[string][]byte{"cifar-10-batches-py/data_batch_1": testdata(t, "data_batch_1"), "cifar-10-batches-py/batches.meta": testdata(t, "batches.meta"), "cifar-10-batches-py/readme.html": []byte("x")},
			images: 2, shape: [3]int{3, 32, 32}, classes: []string{"cat", "dog"}, pixels: []uint8{0, 1, 2}, labels: []uint16{1, 0},
		},
		"CIFAR-100 Python": {
			files:  map[string][]byte{"cifar-100-python/test": testdata(t, "cifar100_test"), "cifar-100-python/meta": testdata(t, "cifar100_meta"), "cifar-100-python/file.txt~": nil},
			images: 2, shape: [3]int{3, 32, 32}, classes: []string{"ant", "bee"}, pixels: []uint8{0, 1, 2}, labels: []uint16{1, 0},
		},
		"CIFAR-100 binary": {
			files: map[string][]byte{"cifar-100-binary/train.bin": append(cifar100(5, 1, 9), cifar100(5, 0, 8)...), "cifar-100-binary/fine_label_names.txt": []byte("ant\nbee\n"), "cifar-100-binary/coarse_label_names.txt": []byte("insects\n")},
			split: SplitTrain, images: 2, shape: [3]int{3, 32, 32}, classes: []string{"ant", "bee"}, pixels: []uint8{9, 9}, labels: []uint16{1, 0},
		},
		"STL-10": {
			files:  map[string][]byte{"stl10_binary/train_X.bin": append(stl, make([]byte, stl10Size)...), "stl10_binary/train_y.bin": {2, 1}, "stl10_binary/class_names.txt": []byte("car\nplane\n"), "stl10_binary/unlabeled_X.bin": make([]byte, 9)},
			images: 2, shape: [3]int{3, 96, 96}, classes: []string{"car", "plane"}, pixels: append(make([]uint8, 96), 77), labels: []uint16{1, 0},
		},
		"MedMNIST npz": {files: map[string][]byte{"pathmnist.npz": medmnist}, path: "pathmnist.npz", images: 4, shape: [3]int{3, 2, 2}, classes: []string{"0", "1"}, pixels: []uint8{0, 21, 42, 63, 7}, labels: []uint16{0, 1, 1, 0}},
		"Keras npz": {files: map[string][]byte{"mnist.npz": zipFile(t, tarEntry{name: "x_train.npy", data: npy("|u1", ramp(12), 2, 2, 3)}, tarEntry{name: "y_train.npy", data: npy("|u1", []byte{0, 1}, 2)},
			tarEntry{name: "x_test.npy", data: npy("|u1", ramp(6), 1, 2, 3)}, tarEntry{name: "y_test.npy", data: npy("|u1", []byte{1}, 1)})}, split: SplitTest, images: 1, shape: [3]int{1, 2, 3}, classes: nil, pixels: ramp(2), labels: []uint16{1}},
		"Parquet": {
			files: map[string][]byte{"data/train-00000-of-00001.parquet": parquetFile(t, `{"info":{"features":{"label":{"names":["cat","dog"]}}}}`, 1, 0, 1), "data/validation-00000-of-00001.parquet": parquetFile(t, `{"info":{"features":{"label":{"names":["cat","dog"]}}}}`, 0), "README.md": nil},
			split: SplitTrain, images: 3, shape: [3]int{1, 2, 3}, classes: []string{"cat", "dog"}, pixels: []uint8{0, 0}, labels: []uint16{1, 0, 1},
		},
		"splits of other names": {
			files: map[string][]byte{"Training/cat/1.png": greyPNG(t, 2, 2, 1), "valid/cat/1.png": greyPNG(t, 2, 2, 2), "testing/cat/1.png": greyPNG(t, 2, 2, 3)}, split: SplitVal,
			images: 1, shape: [3]int{1, 2, 2}, classes: []string{"cat"}, pixels: []uint8{2}, labels: []uint16{0},
		},
	}
}

// ramp1 returns the numbers from 1 to n.
func ramp1(n int) []byte {
	values := make([]byte, n)
	for i := range values {
		values[i] = byte(i + 1)
	}
	return values
}

// rowsBelow returns the sorted first columns of the table below a heading of docs/data.md.
func rowsBelow(t *testing.T, heading string) []string {
	t.Helper()
	doc, err := os.ReadFile("../docs/data.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(doc), "\n## "+heading+"\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	_, table, found := strings.Cut(section, "\n|---|---|\n")
	require.True(t, found)
	var rows []string
	for line := range strings.Lines(table) {
		name, isRow := strings.CutPrefix(line, "| ")
		if !isRow {
			break
		}
		name, _, _ = strings.Cut(name, " |")
		rows = append(rows, name)
	}
	slices.Sort(rows)
	return rows
}

// Every form of data that docs/data.md lists as read is read, with its shape, classes,
// first pixels and labels.
func TestFormsThatAreRead(t *testing.T) {
	cases := dataCases(t)
	maps.Copy(cases, imageCases(t))
	require.Equal(t, rowsBelow(t, "Forms that are read"), slices.Sorted(maps.Keys(cases)), "each row of the table is a test")
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, data := range tc.files {
				write(t, data, dir, file)
			}
			src := Source{Name: Folder, Path: filepath.Join(dir, tc.path), Split: tc.split, CacheDir: t.TempDir()}
			s, err := loadSource(t, src)
			if tc.classes == nil { // one class alone is there, so that the numbers from 0 have a gap
				require.ErrorContains(t, err, "number the classes from 0")
				return
			}
			require.NoError(t, err)
			requireWhole(t, s)
			require.Equal(t, tc.images, s.Len())
			require.Equal(t, tc.shape, [3]int{s.C, s.H, s.W})
			require.Equal(t, tc.classes, s.Classes)
			require.Equal(t, tc.pixels, s.Images[:len(tc.pixels)])
			require.Equal(t, tc.labels, s.Labels[:len(tc.labels)])
			require.Equal(t, s.Census.Seen, s.Census.Read+s.Census.Left(""))
			n := 0
			for _, split := range s.Census.Splits {
				n += split.Images
			}
			require.Equal(t, s.Len(), n, "the census counts every image")
			cached, err := loadSource(t, src)
			require.NoError(t, err)
			require.Equal(t, s.Checksum, cached.Checksum)
			require.Equal(t, s.Census, cached.Census)
		})
	}
}

// A set that is resized has the asked size in every image, and says so in its checksum.
func TestResize(t *testing.T) {
	dir := t.TempDir()
	write(t, greyPNG(t, 5, 3, 40), dir, "cat", "1.png")
	write(t, greyPNG(t, 2, 9, 80), dir, "dog", "1.png")
	for _, filter := range ResizeFilters() {
		s, err := loadSource(t, Source{Name: Folder, Path: dir, Resize: "4x6 " + filter})
		require.NoError(t, err)
		require.Equal(t, [3]int{1, 6, 4}, [3]int{s.C, s.H, s.W})
		require.Equal(t, bytes.Repeat([]byte{40}, 24), s.Image(0))
		require.Equal(t, "4x6 "+filter, s.Census.Resize)
		require.Contains(t, s.Census.Line(s.Classes), "resized to 4x6 "+filter)
	}
	for _, bad := range []string{"4x6", "0x4 bilinear", "9999x4 bilinear", "4x6 lanczos"} {
		_, err := loadSource(t, Source{Name: Folder, Path: dir, Resize: bad})
		require.Error(t, err)
	}
	_, err := loadSource(t, Source{Name: Embedded, Resize: "4x6 bilinear"})
	require.ErrorContains(t, err, "data.resize is for image files")
}

// Contributors come from the folder above the classes or from a column, and are part of
// the checksum.
func TestContributors(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"lab/cat/1.png", "lab/dog/1.png", "lab/dog/2.png", "home/cat/1.png"} {
		write(t, greyPNG(t, 2, 2, uint8(i)), dir, name)
	}
	s, err := loadSource(t, Source{Name: Folder, Path: dir, Contributors: ContributorFolders})
	require.NoError(t, err)
	require.Equal(t, []string{"home", "lab"}, s.Contributors.Names)
	require.Equal(t, []uint16{0, 1, 1, 1}, s.Contributors.Of)
	require.Equal(t, []string{"cat", "dog"}, s.Classes)
	plain, err := New(Folder, s.Images, s.Labels, s.C, s.H, s.W, s.Classes)
	require.NoError(t, err)
	require.NotEqual(t, plain.Checksum, s.Checksum)

	table := write(t, parquetFile(t, "", 0, 1, 1), t.TempDir(), "x.parquet")
	s, err = loadSource(t, Source{Name: Folder, Path: table, Contributors: ContributorColumn})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, s.Contributors.Names)
	require.Equal(t, []uint16{0, 1, 0}, s.Contributors.Of)

	_, err = loadSource(t, Source{Name: Folder, Path: t.TempDir(), Contributors: "x"})
	require.Error(t, err)
	_, err = loadSource(t, Source{Name: Embedded, Contributors: ContributorFolders})
	require.ErrorContains(t, err, "these data do not name contributors")
}
