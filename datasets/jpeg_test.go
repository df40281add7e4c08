package datasets

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The pixels of a JPEG differ from Pillow's, whose decoder (libjpeg-turbo) has another
// inverse transform and smooths colours that are stored at half the size, as Go's does
// not. The bounds are what was measured.
func TestJPEGPixelsAgainstPillow(t *testing.T) {
	for name, bound := range map[string]struct {
		most int
		mean float64
	}{
		"photo444": {maxJPEG444, meanJPEG444}, // colours at the full size
		"photo":    {maxJPEG420, meanJPEG420}, // colours at half the size
	} {
		ours, err := decodeImage(testdata(t, name+".jpg"), 0, 0, resizing{})
		require.NoError(t, err)
		pillow, err := decodeImage(testdata(t, name+"-pillow.png"), 0, 0, resizing{})
		require.NoError(t, err)
		require.Len(t, ours.pixels, len(pillow.pixels))
		most, sum := 0, 0
		for i, v := range ours.pixels {
			d := int(v) - int(pillow.pixels[i])
			most, sum = max(most, d, -d), sum+max(d, -d)
		}
		mean := float64(sum) / float64(len(ours.pixels))
		t.Logf("%s: largest difference %d, mean %.3f", name, most, mean)
		require.LessOrEqual(t, most, bound.most)
		require.LessOrEqual(t, mean, bound.mean)
	}
}

// The differences that were measured against Pillow 13.
const (
	maxJPEG444, meanJPEG444 = 3, 0.18
	maxJPEG420, meanJPEG420 = 63, 8.43
)
