package datasets

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestNewRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		images  int
		labels  []uint16
		c, h, w int
		classes []string
		want    string
	}{
		"no images":         {0, nil, 1, 2, 2, []string{"a"}, "0 images"},
		"two channels":      {8, []uint16{0}, 2, 2, 2, []string{"a"}, "2 channels"},
		"no width":          {0, []uint16{0}, 1, 2, 0, []string{"a"}, "0x2 pixels"},
		"too wide":          {0, []uint16{0}, 1, 1, MaxSide + 1, []string{"a"}, "1025x1 pixels"},
		"missing pixels":    {7, []uint16{0, 0}, 1, 2, 2, []string{"a"}, "need 8 bytes"},
		"no classes":        {4, []uint16{0}, 1, 2, 2, nil, "0 classes"},
		"1001 classes":      {4, []uint16{0}, 1, 2, 2, make([]string, 1001), "1001 classes; 1 to 1000 are accepted"},
		"repeated class":    {4, []uint16{0}, 1, 2, 2, []string{"a", "a"}, `two classes named "a"`},
		"label too large":   {8, []uint16{0, 2}, 1, 2, 2, []string{"a", "b"}, "image 1 has label 2; labels go from 0 to 1"},
		"class is empty":    {4, []uint16{0}, 1, 2, 2, []string{"a", "b"}, `class "b" has no images`},
		"more than 4 GiB":   {0, make([]uint16, MaxImages), 3, 1024, 1024, []string{"a"}, "more than 4294967296 bytes"},
		"too many pictures": {0, make([]uint16, MaxImages+1), 3, 1, 1, []string{"a"}, "16777217 images"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New("x", make([]uint8, tc.images), tc.labels, tc.c, tc.h, tc.w, tc.classes)
			require.ErrorIs(t, err, ErrCorrupt)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestSetViews(t *testing.T) {
	s, err := New("x", ramp(3*3*2*2), []uint16{1, 0, 1}, 3, 2, 2, []string{"a", "b"})
	require.NoError(t, err)
	require.Equal(t, 3, s.Len())
	require.Equal(t, s.Images[12:24], s.Image(1))
	require.Equal(t, 12, cap(s.Image(1)), "appending to a view must not write into the next image")
	require.Equal(t, &s.Images[12], &s.Image(1)[0], "a view, not a copy")
}

// The checksum is part of every result's identity, so its encoding must not change. The
// value was computed by an independent program.
func TestChecksumPinned(t *testing.T) {
	s, err := New("x", []uint8{1, 2, 3, 4}, []uint16{0, 1}, 1, 1, 2, []string{"a", "b"})
	require.NoError(t, err)
	require.Equal(t, "748104f69042837857680e2a54178f65234f199160bda850575a95e33a5c7b92", s.Checksum)
}

// Labels take a byte each for up to 256 classes and two for more, in the checksum as in
// the cache. The sums were computed by an independent program.
func TestChecksumOfManyClassesPinned(t *testing.T) {
	for classes, want := range map[int]string{
		256:  "09907d4b12b7d146420ce4fdd76032814789c8aa8ac0dca48d279859b5901535",
		257:  "67cd632a0ec6d50b51a8c3add64f185c8a1e3df7bac7171a2070f7911f4c7860",
		1000: "e7cdee19a1575ae3277f06bf728b0e76fe9802b3b167f16fea1206ec1f810216",
	} {
		images, labels, names := make([]uint8, classes), make([]uint16, classes), make([]string, classes)
		for i := range labels {
			images[i], labels[i], names[i] = uint8(i), uint16(i), fmt.Sprint(i)
		}
		s, err := New("x", images, labels, 1, 1, 1, names)
		require.NoError(t, err)
		require.Equal(t, want, s.Checksum)
		encoded := EncodeLabels(labels, classes)
		require.Len(t, encoded, classes*LabelBytes(classes))
		require.Equal(t, labels, DecodeLabels(encoded, classes))
	}
}

// The checksum depends on every part but the name.
func TestChecksumCoversEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "n")
		pixels := rapid.SliceOfN(rapid.Byte(), n*4, n*4).Draw(t, "pixels")
		labels := make([]uint16, n)
		base, err := New("x", pixels, labels, 1, 2, 2, []string{"a"})
		require.NoError(t, err)

		other, err := New("another name", slices.Clone(pixels), labels, 1, 2, 2, []string{"a"})
		require.NoError(t, err)
		require.Equal(t, base.Checksum, other.Checksum)

		changed := slices.Clone(pixels)
		changed[rapid.IntRange(0, len(changed)-1).Draw(t, "where")] ^= rapid.ByteRange(1, 255).Draw(t, "flip")
		other, err = New("x", changed, labels, 1, 2, 2, []string{"a"})
		require.NoError(t, err)
		require.NotEqual(t, base.Checksum, other.Checksum)

		other, err = New("x", pixels, labels, 1, 1, 4, []string{"a"})
		require.NoError(t, err)
		require.NotEqual(t, base.Checksum, other.Checksum, "another shape")

		other, err = New("x", pixels, labels, 1, 2, 2, []string{"b"})
		require.NoError(t, err)
		require.NotEqual(t, base.Checksum, other.Checksum, "another class name")
	})
}
