package pixels_test

import (
	"image/color"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/pixels"
)

// Two images of 3 channels, 1 row and 2 columns.
var images = []uint8{1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16}

func TestChannelsLast(t *testing.T) {
	require.Equal(t, []uint8{1, 3, 5, 2, 4, 6, 11, 13, 15, 12, 14, 16}, pixels.ChannelsLast(images, 3, 1, 2))
	require.Equal(t, images, pixels.ChannelsLast(images, 1, 2, 3))
}

func TestPicture(t *testing.T) {
	picture := pixels.Picture(images[:6], 3, 1, 2)
	require.Equal(t, color.NRGBA{R: 2, G: 4, B: 6, A: 255}, picture.At(1, 0))
	require.Equal(t, color.Gray{Y: 6}, pixels.Picture(images[:6], 1, 2, 3).At(2, 1))
}
