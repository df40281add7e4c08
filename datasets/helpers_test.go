package datasets

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// loadSource loads a source with a temporary cache, unless the source has one.
func loadSource(t *testing.T, src Source) (*Set, error) {
	t.Helper()
	if src.CacheDir == "" {
		src.CacheDir = t.TempDir()
	}
	return Load(context.Background(), src)
}

// write writes a file, makes the directories above it, and returns its path.
func write(t *testing.T, data []byte, parts ...string) string {
	t.Helper()
	path := filepath.Join(parts...)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return path
}

// idxFile returns an IDX file of bytes.
func idxFile(data []byte, shape ...int) []byte {
	file := []byte{0, 0, idxByte, byte(len(shape))}
	for _, n := range shape {
		file = binary.BigEndian.AppendUint32(file, uint32(n))
	}
	return append(file, data...)
}

func gzipped(t require.TestingT, data []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(data)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return out.Bytes()
}

// ramp returns n bytes, each different from its neighbours.
func ramp(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i*7 + i/256)
	}
	return data
}

// tarEntry is one entry of a test archive. Without a kind it is a file.
type tarEntry struct {
	name string
	data []byte
	kind byte
	link string // the target of a link
}

func tarFile(t require.TestingT, entries ...tarEntry) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		head := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.data)), Typeflag: e.kind}
		switch e.kind {
		case 0:
			head.Typeflag = tar.TypeReg
		case tar.TypeSymlink, tar.TypeLink:
			head.Linkname = cmp.Or(e.link, "/etc/hostname")
		case tar.TypeXGlobalHeader:
			head = &tar.Header{Typeflag: e.kind, PAXRecords: map[string]string{"comment": e.name}}
		}
		require.NoError(t, w.WriteHeader(head))
		_, err := w.Write(e.data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// colourPNG returns a PNG of one colour.
func colourPNG(t require.TestingT, w, h int, c color.Color) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, c)
	}
	return encodePNG(t, img)
}

// greyPNG returns a grey PNG of one value.
func greyPNG(t require.TestingT, w, h int, value uint8) []byte {
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = value
	}
	return encodePNG(t, img)
}

func encodePNG(t require.TestingT, img image.Image) []byte {
	var out bytes.Buffer
	require.NoError(t, png.Encode(&out, img))
	return out.Bytes()
}

func encodeJPEG(t require.TestingT, img image.Image) []byte {
	var out bytes.Buffer
	require.NoError(t, jpeg.Encode(&out, img, nil))
	return out.Bytes()
}
