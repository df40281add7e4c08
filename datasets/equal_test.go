package datasets

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/datasets/census"
)

func TestEqualImages(t *testing.T) {
	s, err := New("x", []uint8{1, 2, 3, 4, 1, 2, 5, 6, 1, 2}, make([]uint16, 5), 1, 1, 2, []string{"a"})
	require.NoError(t, err)
	require.Equal(t, map[int]int{0: 0, 2: 0, 4: 0}, s.EqualImages())
	require.Equal(t, s.EqualImages(), s.WithStamped("x").EqualImages())

	counted, err := New("x", []uint8{1, 1}, make([]uint16, 2), 1, 1, 1, []string{"a"})
	require.NoError(t, err)
	counted.Census = census.Census{Seen: 1}
	require.Empty(t, counted.EqualImages(), "the census counted no repeated image")
}

// The images are those of a comparison of all pairs.
func TestEqualImagesComparesAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pixels := rapid.SliceOfN(rapid.ByteRange(0, 9), 1, 12).Draw(t, "pixels")
		s, err := New("x", pixels, make([]uint16, len(pixels)), 1, 1, 1, []string{"a"})
		require.NoError(t, err)
		want := map[int]int{}
		for i, value := range pixels {
			for j, other := range pixels {
				if i != j && value == other {
					want[i] = min(i, j)
					break
				}
			}
		}
		require.Equal(t, want, s.EqualImages())
	})
}
