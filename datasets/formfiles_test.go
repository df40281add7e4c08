package datasets

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
	"github.com/ulikunitz/xz"
)

// npy returns an array in NumPy's format.
func npy(descr string, data []byte, shape ...int) []byte {
	var sizes strings.Builder
	for _, n := range shape {
		fmt.Fprintf(&sizes, "%d, ", n)
	}
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }\n", descr, sizes.String())
	out := append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), byte(len(head)>>8))
	return append(append(out, head...), data...)
}

// zipFile returns a zip archive of entries.
func zipFile(t require.TestingT, entries ...tarEntry) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		file, err := w.Create(e.name)
		require.NoError(t, err)
		_, err = file.Write(e.data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// xzFile returns data compressed by xz, zstdFile by zstd.
func xzFile(t require.TestingT, data []byte) []byte {
	var out bytes.Buffer
	w, err := xz.NewWriter(&out)
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func zstdFile(t require.TestingT, data []byte) []byte {
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return w.EncodeAll(data, nil)
}

// int64s returns values as little-endian bytes.
func int64s(values ...int64) []byte {
	var out []byte
	for _, v := range values {
		out = binary.LittleEndian.AppendUint64(out, uint64(v))
	}
	return out
}

// int32s returns values as big-endian bytes, as in IDX files.
func int32s(values ...int32) []byte {
	var out []byte
	for _, v := range values {
		out = binary.BigEndian.AppendUint32(out, uint32(v))
	}
	return out
}

// imageRow is a row of a table as Hugging Face stores it.
type imageRow struct {
	Image struct {
		Bytes []byte `parquet:"bytes"`
		Path  string `parquet:"path,optional"`
	} `parquet:"image"`
	Label  int64  `parquet:"label"`
	Source string `parquet:"source"`
}

// parquetFile returns a table of grey images with the labels, the value of each image
// being its number, and the sources a and b in turn.
func parquetFile(t require.TestingT, meta string, labels ...int64) []byte {
	var out bytes.Buffer
	options := []parquet.WriterOption{}
	if meta != "" {
		options = append(options, parquet.KeyValueMetadata("huggingface", meta))
	}
	w := parquet.NewGenericWriter[imageRow](&out, options...)
	for i, label := range labels {
		row := imageRow{Label: label, Source: string(rune('a' + i%2))}
		row.Image.Bytes = greyPNG(t, 3, 2, uint8(i))
		_, err := w.Write([]imageRow{row})
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// encoded returns an image in a format for which Go has an encoder.
func encoded(t require.TestingT, encode func(w *bytes.Buffer) error) []byte {
	var out bytes.Buffer
	require.NoError(t, encode(&out))
	return out.Bytes()
}

// testdata returns a committed file.
func testdata(t require.TestingT, name string) []byte {
	data, err := os.ReadFile(filepath.Join("testdata", "forms", name))
	require.NoError(t, err)
	return data
}

// parquetOf returns a table without images.
func parquetOf(t require.TestingT) []byte {
	var out bytes.Buffer
	w := parquet.NewGenericWriter[struct {
		Text  string `parquet:"text"`
		Label int64  `parquet:"label"`
	}](&out)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// encrypted sets the flag of encryption in each header of a zip archive.
func encrypted(data []byte) []byte {
	for at := range len(data) - 8 {
		switch string(data[at : at+4]) {
		case "PK\x03\x04":
			data[at+6] |= 1
		case "PK\x01\x02":
			data[at+8] |= 1
		}
	}
	return data
}
