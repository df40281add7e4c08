package triggers_test

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/triggers"
)

var regen = flag.Bool("regen", false, "regenerate the golden files")

// golden compares a picture with testdata/name pixel by pixel, since the
// compression of a PNG may change between Go releases.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *regen {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, decode(t, want), decode(t, got), "%s differs; run the test with -regen and inspect the picture", name)
}

// decode returns the pixels of a PNG file.
func decode(t *testing.T, data []byte) *image.NRGBA {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	result := image.NewNRGBA(picture.Bounds())
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			result.Set(x, y, picture.At(x, y))
		}
	}
	return result
}

// ramp returns an image whose values differ between rows, columns and channels.
func ramp(shape triggers.Shape) []uint8 {
	img := make([]uint8, shape.Size())
	for v := range img {
		c, at := v/shape.Plane(), v%shape.Plane()
		img[v] = uint8(60 + 40*c + 3*(at/shape.W) + at%shape.W)
	}
	return img
}

func TestPictures(t *testing.T) {
	for _, tc := range []struct {
		name  string
		shape triggers.Shape
		spec  triggers.Spec
	}{
		{"grey", mnist, triggers.Spec{P1: 0.2, P2: 0.2, Range: triggers.PerDimension}},
		{"colour", cifar, triggers.Spec{P1: 0.5, P2: 0.3, Range: triggers.Area}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			trigger := draw(t, 1, 0, tc.shape, tc.spec)
			var alone, stamped bytes.Buffer
			require.NoError(t, trigger.WritePNG(&alone, 4))
			golden(t, tc.name+"_alone.png", alone.Bytes())

			img := ramp(tc.shape)
			require.NoError(t, triggers.WriteStampedPNG(&stamped, trigger, img, 4))
			require.Equal(t, ramp(tc.shape), img, "the image is unchanged")
			golden(t, tc.name+"_stamped.png", stamped.Bytes())

			// The pictures must agree with the mask and with each other.
			a, s := decode(t, alone.Bytes()), decode(t, stamped.Bytes())
			require.Equal(t, image.Rect(0, 0, 4*tc.shape.W, 4*tc.shape.H), a.Bounds())
			for at, l := range trigger.Mask {
				x, y := 4*(at%tc.shape.W)+3, 4*(at/tc.shape.W)
				if l == 1 {
					require.EqualValues(t, 255, a.NRGBAAt(x, y).A)
					require.Equal(t, a.NRGBAAt(x, y), s.NRGBAAt(x, y))
				} else {
					require.Equal(t, color.NRGBA{}, a.NRGBAAt(x, y))
					require.Equal(t, img[at], s.NRGBAAt(x, y).R)
				}
			}
		})
	}
}

func TestBlackPixelsAreOpaque(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, black().WritePNG(&out, 1))
	picture := decode(t, out.Bytes())
	require.Equal(t, color.NRGBA{A: 255}, picture.NRGBAAt(1, 2))
	require.Equal(t, color.NRGBA{}, picture.NRGBAAt(0, 2))
}

func TestBadPicturesAreRefused(t *testing.T) {
	var out bytes.Buffer
	require.ErrorContains(t, black().WritePNG(&out, 0), "scale is 0: it must be at least 1")
	require.ErrorContains(t, triggers.WriteStampedPNG(&out, black(), make([]uint8, 47), 1), "47 values")
	require.Zero(t, out.Len())
}
