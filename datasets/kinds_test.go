package datasets

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// typed returns an IDX file of values of another type.
func typed(code byte, data []byte, shape ...int) []byte {
	file := idxFile(data, shape...)
	file[2] = code
	return file
}

// Files that are not what their names promise are refused with their kind and the way
// out, as people have them: downloads that are web pages, arrays of other types, archives
// of other programs.
func TestKindsThatAreNotRead(t *testing.T) {
	zip, page := []byte("PK\x03\x04 and more"), []byte("<!DOCTYPE html><html>rate limited</html>")
	labels := idxFile([]byte{0, 1, 0, 1}, 4)
	for name, tc := range map[string]struct {
		files map[string][]byte
		want  string
	}{
		"32-bit labels":   {map[string][]byte{trainImages: idxFile(ramp(24), 4, 2, 3), trainLabels: typed(0x0c, make([]byte, 16), 4)}, "it has 32-bit integers in 1 dimensions; store images as bytes"},
		"table of labels": {map[string][]byte{trainImages: idxFile(ramp(24), 4, 2, 3), trainLabels: typed(0x0c, make([]byte, 128), 4, 8)}, "it has 32-bit integers in 2 dimensions"},
		"float images":    {map[string][]byte{trainImages: typed(0x0d, make([]byte, 96), 4, 2, 3), trainLabels: labels}, "it has 32-bit floats in 3 dimensions"},
		"colour images":   {map[string][]byte{trainImages: idxFile(ramp(48), 4, 2, 2, 3), trainLabels: labels}, "it has bytes in 4 dimensions"},
		"labels from 1":   {map[string][]byte{trainImages: idxFile(ramp(24), 4, 2, 3), trainLabels: idxFile([]byte{1, 2, 1, 2}, 4)}, "the labels start at 1; number the classes from 0"},
		"web page":        {map[string][]byte{trainImages + ".gz": page, trainLabels: labels}, "it is an HTML page; download the file itself"},
		"LFS pointer":     {map[string][]byte{trainImages: []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), trainLabels: labels}, "it is a Git LFS pointer; run `git lfs pull`"},
		"two sets":        {map[string][]byte{"emnist-letters-train-images-idx3-ubyte.gz": nil, "emnist-digits-train-images-idx3-ubyte.gz": nil}, "holds IDX files of several sets (emnist-digits, emnist-letters); set data.path to one of the files"},
		"images alone":    {map[string][]byte{"train-images.idx3-ubyte": idxFile(ramp(24), 4, 2, 3)}, "has images or labels of train alone; both are needed"},
		"only a 7z":       {map[string][]byte{"data.7z": zip}, "only zip and tar of them: unpack data.7z, and name its directory"},
		"cut zip":         {map[string][]byte{"data.tar": zip}, "read the zip archive: zip: not a valid zip file"},
		"cut xz":          {map[string][]byte{"data.tar": []byte("\xfd7zXZ\x00")}, "xz header: unexpected EOF"},
		"page as tar.gz":  {map[string][]byte{"data.tar.gz": page}, "it is an HTML page; download the file itself"},
		"HEIC as PNG":     {map[string][]byte{"cat/1.png": []byte("\x00\x00\x00\x18ftypheic")}, "cat/1.png: bad data: no image in a format that is read: it is a HEIC image; convert it to PNG"},
		"empty PNG":       {map[string][]byte{"cat/1.png": nil}, "no image in a format that is read: it is an empty file; replace or remove it"},
		"zeros as PNG":    {map[string][]byte{"cat/1.png": make([]byte, 600)}, "it is a file of zeros; its content was not written"},
		"tape padding":    {map[string][]byte{"data.tar.gz": append(gzipped(t, tarFile(t, pets(t)...)), make([]byte, 512)...)}, "bytes behind the end of the gzip stream"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, data := range tc.files {
				write(t, data, dir, file)
			}
			split := SplitTrain
			if _, ok := tc.files["cat/1.png"]; ok {
				split = SplitAll
			}
			_, err := loadSource(t, Source{Name: Folder, Path: dir, Split: split})
			require.ErrorContains(t, err, tc.want)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// A gzip stream of several members is one file.
func TestGzipOfSeveralMembers(t *testing.T) {
	dir := t.TempDir()
	images := idxFile(ramp(24), 4, 2, 3)
	write(t, bytes.Join([][]byte{gzipped(t, images[:20]), gzipped(t, images[20:])}, nil), dir, trainImages+".gz")
	write(t, idxFile([]byte{0, 1, 0, 1}, 4), dir, trainLabels)
	s, err := loadSource(t, Source{Name: Folder, Path: dir, Split: SplitTrain})
	require.NoError(t, err)
	require.Equal(t, ramp(24), s.Images)
}
