package runner

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShares(t *testing.T) {
	require.Equal(t, Pinning{{0}, {2}, {5}}, shares([]int{0, 2, 5}, 3, 1))
	require.Equal(t, Pinning{{0, 2}, {5, 6}}, shares([]int{0, 2, 5, 6}, 2, 2))
	require.Nil(t, shares([]int{0, 2, 5}, 2, 1), "a core is left")
	require.Nil(t, shares([]int{0, 2, 5}, 4, 1), "a core is missing")
	require.Nil(t, shares(nil, 1, 1), "cores are not known")
	require.Nil(t, NewPinning("cuda:0", len(allowedCores()), 1), "the GPU does the work")
	require.Equal(t, []int{5}, Pinning{{0}, {5}}.Cores(1))
	require.Nil(t, Pinning(nil).Cores(1))
}
