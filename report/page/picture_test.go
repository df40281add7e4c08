package page

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"
)

// A picture in fewer bytes is the same picture: opaque grey, few colours with holes, and colours
// too many for a palette.
func TestSmallerPicturesAreTheSame(t *testing.T) {
	for name, colour := range map[string]func(i int) color.NRGBA{
		"grey":   func(i int) color.NRGBA { return color.NRGBA{uint8(i), uint8(i), uint8(i), 255} },
		"holes":  func(i int) color.NRGBA { return color.NRGBA{uint8(i * i % 101), 0, 0, uint8(255 * (i / 5 % 2))} },
		"colour": func(i int) color.NRGBA { return color.NRGBA{uint8(i), uint8(i / 256), uint8(7 * i), 255} },
	} {
		t.Run(name, func(t *testing.T) {
			picture := image.NewNRGBA(image.Rect(0, 0, 28, 28))
			for i := range 28 * 28 {
				picture.SetNRGBA(i%28, i/28, colour(i))
			}
			var data bytes.Buffer
			require.NoError(t, png.Encode(&data, picture))
			small, err := smaller(data.Bytes())
			require.NoError(t, err)
			require.LessOrEqual(t, len(small), data.Len())
			if name != "colour" {
				require.Less(t, len(small), data.Len())
			}
			back, err := png.Decode(bytes.NewReader(small))
			require.NoError(t, err)
			for i := range 28 * 28 {
				want := color.RGBA64Model.Convert(picture.At(i%28, i/28))
				require.Equal(t, want, color.RGBA64Model.Convert(back.At(i%28, i/28)))
			}
		})
	}
	_, err := smaller([]byte("no picture"))
	require.ErrorContains(t, err, "read a picture back")
}
