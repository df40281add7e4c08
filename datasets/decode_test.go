package datasets

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func bytesReader(b []byte) archiveFile { return bytes.NewReader(b) }

// PNG is lossless, so every pixel has its exact value in its plane.
func TestDecodePNG(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 7).Draw(t, "w"), rapid.IntRange(1, 7).Draw(t, "h")
		rgb := rapid.SliceOfN(rapid.Byte(), 3*w*h, 3*w*h).Draw(t, "rgb")
		img := image.NewNRGBA(image.Rect(0, 0, w, h))
		for i := range w * h {
			img.SetNRGBA(i%w, i/w, color.NRGBA{rgb[i], rgb[w*h+i], rgb[2*w*h+i], 255})
		}
		r, err := decodeImage(encodePNG(t, img), 0, 0, resizing{})
		require.NoError(t, err)
		require.Equal(t, raster{pixels: rgb, c: 3, h: h, w: w}, r)
	})
}

func TestDecodeKinds(t *testing.T) {
	bounds := image.Rect(0, 0, 2, 1)
	deep := image.NewGray16(bounds)
	deep.SetGray16(0, 0, color.Gray16{Y: 0xabcd})
	greyPalette := image.NewPaletted(bounds, color.Palette{color.Gray{Y: 5}, color.Gray{Y: 250}})
	greyPalette.SetColorIndex(1, 0, 1)
	palette := image.NewPaletted(bounds, color.Palette{color.Gray{Y: 5}, color.NRGBA{1, 2, 3, 255}})
	palette.SetColorIndex(1, 0, 1)
	deepColour := image.NewNRGBA64(bounds)
	deepColour.SetNRGBA64(0, 0, color.NRGBA64{0x1234, 0x5678, 0x9abc, 0xffff})
	deepColour.SetNRGBA64(1, 0, color.NRGBA64{A: 0xffff})
	for name, tc := range map[string]struct {
		img  image.Image
		want raster
	}{
		"grey of 16 bits":   {deep, raster{[]uint8{0xab, 0}, 1, 1, 2}},
		"grey palette":      {greyPalette, raster{[]uint8{5, 250}, 1, 1, 2}},
		"palette":           {palette, raster{[]uint8{5, 1, 5, 2, 5, 3}, 3, 1, 2}},
		"colour of 16 bits": {deepColour, raster{[]uint8{0x12, 0, 0x56, 0, 0x9a, 0}, 3, 1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeImage(encodePNG(t, tc.img), 2, 1, resizing{})
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	fine := greyPNG(t, 4, 4, 1)
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"empty":       {nil, "no image in a format that is read: it is an empty file"},
		"heic":        {[]byte("\x00\x00\x00\x18ftypheic"), "it is a HEIC image; convert it to PNG"},
		"cut header":  {fine[:20], "undecodable image"},
		"cut pixels":  {fine[:len(fine)-20], "undecodable image"},
		"cut jpeg":    {encodeJPEG(t, image.NewGray(image.Rect(0, 0, 4, 4)))[:200], "undecodable image"},
		"transparent": {colourPNG(t, 4, 4, color.NRGBA{1, 2, 3, 128}), "transparent pixels"},
		"other size":  {greyPNG(t, 4, 5, 1), "the image is 4x5, the first one read 4x4"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decodeImage(tc.data, 4, 4, resizing{})
			require.ErrorIs(t, err, ErrCorrupt)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

// A PNG that claims 60000x60000 pixels is refused before they are allocated.
func TestDecodeBomb(t *testing.T) {
	bomb := greyPNG(t, 4, 4, 1)
	binary.BigEndian.PutUint32(bomb[16:], 60000)
	binary.BigEndian.PutUint32(bomb[20:], 60000)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	allocated := measure(func() {
		_, err := decodeImage(bomb, 0, 0, resizing{})
		require.ErrorIs(t, err, ErrCorrupt)
		require.ErrorContains(t, err, "60000x60000 pixels")
	})
	require.Less(t, allocated, uint64(1<<20))
}
