package worker

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/triggers"
)

func TestNormalizationOfKnownImages(t *testing.T) {
	// Two images of 1x2 pixels with three channels: {0, 255, 255, 0}, {51, 51,
	// 51, 51} and {0, 0, 0, 102} by channel.
	images := []uint8{0, 255, 51, 51, 0, 0, 255, 0, 51, 51, 0, 102}
	n := normalization(images, triggers.Shape{C: 3, H: 1, W: 2})
	// Two rounded divisions: a few units in the last place.
	require.InDeltaSlice(t, []float64{0.5, 0.2, 0.1}, n.Mean, 1e-15)
	require.InDeltaSlice(t, []float64{0.5, 1, math.Sqrt(0.03)}, n.Std, 1e-15)
}

func TestNormalizedValuesHaveMeanZeroAndDeviationOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		images := rapid.SliceOfN(rapid.Uint8(), 40, 40).Draw(t, "images")
		shape := triggers.Shape{C: 1, H: 2, W: 2}
		n := normalization(images, shape)
		var sum, squares float64
		for _, v := range images {
			x := (float64(v)/255 - n.Mean[0]) / n.Std[0]
			sum += x
			squares += x * x
		}
		require.InDelta(t, 0, sum/40, 1e-12)
		if n.Std[0] != 1 {
			require.InDelta(t, 1, squares/40, 1e-12)
		}
		shuffled := append([]uint8(nil), images...)
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		require.Equal(t, n, normalization(shuffled, shape), "the order of the images must not matter")
	})
}

func TestOrderIsAPermutationOfItsOwnForEveryEpoch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 200).Draw(t, "rows")
		seed := rapid.Uint64().Draw(t, "seed")
		epoch := rapid.IntRange(0, 1000).Draw(t, "epoch")
		order, again := make([]int32, n), make([]int32, n)
		shuffled(order, seed, epoch)
		shuffled(again, seed, epoch+1)
		shuffled(again, seed, epoch) // does not depend on the content of order
		require.Equal(t, order, again)
		seen := make([]bool, n)
		for _, row := range order {
			require.False(t, seen[row])
			seen[row] = true
		}
	})
	first, second := make([]int32, 100), make([]int32, 100)
	shuffled(first, 1, 0)
	shuffled(second, 1, 1)
	require.NotEqual(t, first, second)
}
