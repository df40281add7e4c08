package datasets

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSharedPixels(t *testing.T) {
	s, err := New("x", []uint8{1, 2, 1, 2, 3, 4, 1, 2}, make([]uint16, 4), 1, 1, 2, []string{"a"})
	require.NoError(t, err)
	require.Equal(t, 2, s.SharedPixels([]int{1, 2, 3}, []int{0}))
	require.Equal(t, 0, s.SharedPixels([]int{2}, []int{0, 1}))
	require.Equal(t, 0, s.SharedPixels(nil, []int{0}))
	require.Equal(t, 1, s.SharedPixels([]int{2}, []int{2}))
}

// The number does not depend on the order of the rows.
func TestSharedPixelsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pixels := rapid.SliceOfN(rapid.ByteRange(0, 3), 12, 12).Draw(t, "pixels")
		s, err := New("x", pixels, make([]uint16, 12), 1, 1, 1, []string{"a"})
		require.NoError(t, err)
		rows := rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}).Draw(t, "rows")
		want := 0
		for _, row := range rows[:5] {
			for _, other := range rows[5:] {
				if pixels[row] == pixels[other] {
					want++
					break
				}
			}
		}
		require.Equal(t, want, s.SharedPixels(rows[:5], rows[5:]))
	})
}
