package datasets

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
)

// manyForms returns a set of so many classes with one 1x1 image each in the forms whose
// labels are not bytes, by path.
func manyForms(t *testing.T, classes int) map[string]map[string][]byte {
	t.Helper()
	pixels, wide, narrow := make([]byte, classes), make([]int64, classes), []byte{}
	folder := map[string][]byte{}
	rows := make([]manyRow, classes)
	for i := range classes {
		pixels[i], wide[i] = uint8(i), int64(i)
		narrow = binary.BigEndian.AppendUint16(narrow, uint16(i))
		folder[fmt.Sprintf("c%04d/1.png", i)] = greyPNG(t, 1, 1, uint8(i))
		rows[i] = manyRow{manyImage{greyPNG(t, 1, 1, uint8(i))}, int64(i)}
	}
	var table bytes.Buffer
	require.NoError(t, parquet.Write(&table, rows))
	labels := idxFile(narrow, classes)
	labels[2] = 0x0b // 16-bit integers
	return map[string]map[string][]byte{
		"folders": folder,
		"npz":     {"x.npz": zipFile(t, tarEntry{name: "images.npy", data: npy("|u1", pixels, classes, 1, 1)}, tarEntry{name: "labels.npy", data: npy("<i8", int64s(wide...), classes)})},
		"IDX":     {"mine-train-images-idx3-ubyte": idxFile(pixels, classes, 1, 1), "mine-train-labels-idx1-int": labels},
		"Parquet": {"x.parquet": table.Bytes()},
	}
}

// manyRow is a row of a table of images.
type manyRow struct {
	Image manyImage `parquet:"image"`
	Label int64     `parquet:"label"`
}

type manyImage struct {
	Bytes []byte `parquet:"bytes"`
}

// Sets of more than 256 classes are read from each form whose labels are wide enough,
// from the cache as well, and more than MaxClasses are refused before their images are
// decoded.
func TestManyClassesAreRead(t *testing.T) {
	for _, classes := range []int{300, MaxClasses, MaxClasses + 1} {
		for name, files := range manyForms(t, classes) {
			t.Run(fmt.Sprintf("%s of %d", name, classes), func(t *testing.T) {
				dir := t.TempDir()
				for path, data := range files {
					write(t, data, dir, path)
				}
				src := Source{Name: Folder, Path: dir, CacheDir: t.TempDir()}
				s, err := Load(context.Background(), src)
				if classes > MaxClasses {
					require.ErrorIs(t, err, ErrCorrupt)
					require.ErrorContains(t, err, "1001 classes; 1 to 1000 are accepted, so keep the images of some of the classes")
					return
				}
				require.NoError(t, err)
				requireWhole(t, s)
				require.Len(t, s.Classes, classes)
				for i, label := range s.Labels {
					require.Equal(t, uint16(i), label)
					require.Equal(t, uint8(i), s.Image(i)[0])
				}
				label, err := s.Class(fmt.Sprintf("#%d", classes-1))
				require.NoError(t, err)
				require.Equal(t, classes-1, label)
				cached, err := Load(context.Background(), src)
				require.NoError(t, err)
				require.Equal(t, s, cached)
			})
		}
	}
}
