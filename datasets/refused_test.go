package datasets

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// refusal is data that are refused, with a part of the error.
type refusal struct {
	files map[string][]byte
	path  string // below the directory of the files; empty: the directory itself
	want  string
}

// classFolders returns data of two classes with one file of the same content each.
func classFolders(ending string, data []byte, want string) refusal {
	return refusal{files: map[string][]byte{"cat/1" + ending: data, "dog/1" + ending: data}, want: want}
}

// oneFile returns data that are one file.
func oneFile(name string, data []byte, want string) refusal {
	return refusal{files: map[string][]byte{name: data}, path: name, want: want}
}

// inFolder returns data that are one file in a directory.
func inFolder(name, want string) refusal {
	return refusal{files: map[string][]byte{name: []byte("x")}, want: want}
}

// refusedCases are the rows of docs/data.md whose data are refused, with the advice: a
// refusal for each format that the row names.
func refusedCases(t require.TestingT) map[string][]refusal {
	frames := &gif.GIF{Image: []*image.Paletted{}, Delay: []int{0, 0}}
	for range 2 {
		frames.Image = append(frames.Image, image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black, color.White}))
	}
	npzOf := func(want string, entries ...tarEntry) []refusal {
		return []refusal{oneFile("x.npz", zipFile(t, entries...), want)}
	}
	const convert, export = "formats that are not read; convert them to PNG", "as PNG files in class folders"
	good := tarEntry{name: "images.npy", data: npy("|u1", ramp(12), 2, 2, 3)}
	torch := zipFile(t, tarEntry{name: "net/data.pkl", data: []byte("\x80\x02}q\x00.")}, tarEntry{name: "net/version", data: []byte("3")})
	return map[string][]refusal{
		"AVIF, HEIC, JPEG XL, JPEG 2000": {
			classFolders(".avif", nil, convert), classFolders(".heic", nil, convert), classFolders(".jxl", nil, convert), classFolders(".jp2", nil, convert),
		},
		"animated GIF":       {classFolders(".gif", encoded(t, func(w *bytes.Buffer) error { return gif.EncodeAll(w, frames) }), "an animation of several pictures; save one of them as PNG")},
		"16-bit PPM":         {classFolders(".ppm", []byte("P6 1 1 65535\n123456"), "values up to 65535 instead of 255; convert it to PNG")},
		"transparent images": {classFolders(".png", colourPNG(t, 2, 2, color.NRGBA{1, 2, 3, 9}), "save it without transparency")},
		"mixed sizes":        {{files: map[string][]byte{"cat/1.png": greyPNG(t, 2, 2, 1), "dog/1.png": greyPNG(t, 3, 3, 1)}, want: "all must have one size, or set data.resize"}},
		"RAR, 7z": {
			oneFile("x.rar", []byte("Rar!\x1a\x07\x00"), "it is a RAR archive; unpack it"),
			oneFile("x.7z", []byte("7z\xbc\xaf\x27\x1c\x00\x04"), "it is a 7z archive; unpack it"),
		},
		"HDF5, MATLAB": {
			oneFile("x.h5", []byte("\x89HDF\r\n\x1a\n"), "it is an HDF5 file; export its images "+export),
			oneFile("x.mat", []byte("MATLAB 5.0 MAT-file, Platform: GLNXA64"), "it is a MATLAB file; export its images "+export),
		},
		"npy": {oneFile("x.npy", npy("|u1", ramp(12), 2, 2, 3), "it is a NumPy array; export")},
		"other pickles, .pt, .pth": {
			{files: map[string][]byte{"data_batch_1": []byte("\x80\x02cos\nsystem\nU\x02lsR.")}, want: `uses "os system", which no batch of CIFAR needs; export the images as PNG`},
			oneFile("x.pkl", []byte("\x80\x04}."), export), oneFile("x.pt", torch, export), oneFile("x.pth", torch, export),
			{files: map[string][]byte{"training.pt": torch, "readme.txt": nil}, want: "training.pt is a file of PyTorch; export its images " + export},
		},
		"Arrow, TFRecord, LMDB, FFCV, CSV": {
			inFolder("data-00000-of-00001.arrow", "is an Arrow file; export its images "+export),
			inFolder("train.tfrecord", "is a TFRecord file; export"), inFolder("train/data.mdb", "is an LMDB database; export"),
			inFolder("train.beton", "is an FFCV file; export"), inFolder("train.csv", "is a table of text; export"),
		},
		"npz of floats": npzOf("store them as unsigned bytes from 0 to 255",
			tarEntry{name: "images.npy", data: npy("<f4", make([]byte, 48), 2, 2, 3)}, tarEntry{name: "labels.npy", data: npy("|u1", []byte{0, 1}, 2)}),
		"npz of several labels":  npzOf("each image must have one label", good, tarEntry{name: "labels.npy", data: npy("|u1", []byte{0, 1, 0, 1}, 2, 2)}),
		"npz of other names":     npzOf("rename them", tarEntry{name: "a.npy", data: npy("|u1", ramp(12), 2, 2, 3)}),
		"Parquet without images": {oneFile("x.parquet", parquetOf(t), "0 columns of encoded images instead of one")},
		"encrypted zip":          {{files: map[string][]byte{"x.zip": encrypted(zipFile(t, tarEntry{name: "cat/1.png", data: greyPNG(t, 2, 2, 1)}))}, want: "is encrypted; unpack it"}},
		"several IDX sets":       {{files: map[string][]byte{"emnist-letters-test-images-idx3-ubyte": nil, "emnist-digits-test-images-idx3-ubyte": nil}, want: "set data.path to one of the files"}},
		"Git LFS pointers":       {classFolders(".png", []byte("version https://git-lfs.github.com/spec/v1\n"), "run `git lfs pull`")},
	}
}

// Every form of data that docs/data.md lists as refused is refused by an error that names
// the way out.
func TestFormsThatAreRefused(t *testing.T) {
	cases := refusedCases(t)
	require.Equal(t, rowsBelow(t, "Forms that are refused"), slices.Sorted(maps.Keys(cases)), "each row of the table is a test")
	for name, refusals := range cases {
		t.Run(name, func(t *testing.T) {
			for _, tc := range refusals {
				dir := t.TempDir()
				for file, data := range tc.files {
					write(t, data, dir, file)
				}
				_, err := loadSource(t, Source{Name: Folder, Path: filepath.Join(dir, tc.path)})
				require.ErrorContains(t, err, tc.want)
				require.NotContains(t, err.Error(), "\n")
			}
		})
	}
}
