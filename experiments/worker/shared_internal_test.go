package worker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/datasets/census"
	"backfire/datasets/testset"
	"backfire/game"
)

// The count equals that of a comparison of each held-out image with each contributed one.
func TestSharedPixels(t *testing.T) {
	made, err := testset.New(1)
	require.NoError(t, err)
	images := append([]uint8{}, made.Images...)
	size := 64
	for row := range 200 { // the second half of the images repeats the first
		copy(images[(row+200)*size:(row+201)*size], images[row*size:(row+1)*size])
	}
	set, err := datasets.New("repeated", images, made.Labels, 1, 8, 8, made.Classes)
	require.NoError(t, err)
	deal := &game.Deal{
		Defender:  game.Share{Contributed: []int{0, 1, 2}, HeldOut: []int{200, 3}},
		Attackers: []game.Share{{Contributed: []int{203}, HeldOut: []int{201, 204, 5}}},
	}
	require.Equal(t, 3, sharedPixels(set, deal), "200 is 0, 3 is 203, 201 is 1")
	require.Nil(t, censusOf(set), "it was made without files")
	set.Census = census.Census{Seen: 3, Read: 2}
	require.Equal(t, &census.Census{Seen: 3, Read: 2, LeftOut: []census.LeftOut{}, Splits: []census.SplitCount{}}, censusOf(set))
}
