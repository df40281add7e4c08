package datasets

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzPickle reads Python pickles of any content. None of them calls anything.
func FuzzPickle(f *testing.F) {
	for _, name := range []string{"batches.meta", "cifar100_meta", "data_batch_1", "cifar100_test"} {
		f.Add(testdata(f, name))
	}
	f.Add([]byte("\x80\x02cos\nsystem\nU\x02lsR."))
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := readPickle(data)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		dict, ok := value.(map[string]any)
		if !ok {
			return
		}
		parts := map[string]*part{}
		if addPickled(parts, SplitTrain, dict) == nil {
			require.Len(t, parts[SplitTrain].images, len(parts[SplitTrain].labels)*cifarPixels)
		}
	})
}

// FuzzForms reads data files of any content under the names of each form. An accepted
// file gives a set that is consistent.
func FuzzForms(f *testing.F) {
	names := []string{"x.npz", "x.parquet", "data_batch_1", "train.bin", "x-train-labels-idx1-int", "x.zip"}
	for i, data := range [][]byte{
		zipFile(f, tarEntry{name: "images.npy", data: npy("|u1", ramp(12), 2, 2, 3)}, tarEntry{name: "labels.npy", data: npy("<i8", int64s(0, 1), 2)}),
		parquetFile(f, "", 0, 1), testdata(f, "data_batch_1"), append(make([]byte, cifar100Record), bytes.Repeat([]byte{1}, cifar100Record)...),
		idxFile([]byte{0, 1}, 2), zipFile(f, pets(f)...),
	} {
		f.Add(uint8(i), data)
	}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		name := names[int(kind)%len(names)]
		dir := t.TempDir()
		path := write(t, data, dir, name)
		if name == "x-train-labels-idx1-int" {
			write(t, idxFile(ramp(12), 2, 2, 3), dir, "x-train-images-idx3-ubyte")
		}
		s, err := Load(context.Background(), Source{Name: Folder, Path: path, CacheDir: t.TempDir()})
		if err != nil {
			require.NotContains(t, err.Error(), "runtime error")
			return
		}
		requireWhole(t, s)
	})
}
