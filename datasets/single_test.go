package datasets

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"github.com/stretchr/testify/require"
)

// pngOf encodes a picture of w x h pixels.
func pngOf(t *testing.T, w, h int, at func(x, y int) color.Color) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, at(x, y))
		}
	}
	return encodePNG(t, img)
}

func TestDecodeImage(t *testing.T) {
	grey := func(x, y int) color.Color { return color.Gray{Y: uint8(10*x + y)} }
	coloured := func(x, y int) color.Color { return color.NRGBA{R: uint8(x), G: uint8(y), B: 7, A: 255} }

	got, err := DecodeImage(pngOf(t, 3, 2, coloured), 3, 2, 3, false)
	require.NoError(t, err)
	require.Equal(t, []uint8{0, 1, 2, 0, 1, 2, 0, 0, 0, 1, 1, 1, 7, 7, 7, 7, 7, 7}, got)

	planes := []uint8{0, 10, 20, 1, 11, 21}
	got, err = DecodeImage(pngOf(t, 3, 2, grey), 1, 2, 3, true)
	require.NoError(t, err, "greys in a file of colours are greys; nothing is to be resized")
	require.Equal(t, planes, got)

	flat := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range flat.Pix {
		flat.Pix[i] = 90
	}
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, flat, nil))
	got, err = DecodeImage(file.Bytes(), 3, 8, 8, false)
	require.NoError(t, err)
	require.Equal(t, bytes.Repeat([]uint8{90}, 3*64), got, "one value is not lost in a JPEG")

	for c, picture := range map[int]func(x, y int) color.Color{
		1: func(int, int) color.Color { return color.Gray{Y: 77} },
		3: func(int, int) color.Color { return color.NRGBA{R: 77, G: 77, B: 77, A: 255} },
	} {
		got, err = DecodeImage(pngOf(t, 40, 30, picture), c, 4, 5, true)
		require.NoError(t, err)
		require.Equal(t, bytes.Repeat([]uint8{77}, c*20), got, "resizing keeps what is the same everywhere")
	}
}

func TestDecodeImageRefuses(t *testing.T) {
	coloured := func(int, int) color.Color { return color.NRGBA{R: 1, G: 2, B: 3, A: 255} }
	glass := func(int, int) color.Color { return color.NRGBA{R: 1, G: 2, B: 3, A: 100} }
	for _, tc := range []struct {
		data   []byte
		c      int
		resize bool
		err    error
		words  string
	}{
		{[]byte("Rar!"), 1, false, ErrCorrupt, "no image in a format that is read: it is a RAR archive"},
		{pngOf(t, 4, 4, coloured)[:40], 3, false, ErrCorrupt, "undecodable"},
		{make([]byte, MaxImageFile+1), 3, false, ErrCorrupt, "at most"},
		{pngOf(t, 4, 5, coloured), 3, false, ErrOtherKind, "it has 4x5 pixels instead of 4x4"},
		{pngOf(t, 4, 4, coloured), 1, false, ErrOtherKind, "column 0, row 0 is coloured (1, 2, 3)"},
		{pngOf(t, 9, 9, glass), 3, true, ErrCorrupt, "transparent"},
	} {
		_, err := DecodeImage(tc.data, tc.c, 4, 4, tc.resize)
		require.ErrorIs(t, err, tc.err)
		require.ErrorContains(t, err, tc.words)
	}
}
