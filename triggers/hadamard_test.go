package triggers

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The rows of a matrix are orthogonal, and its order is the largest that is known
// here: no order is left out, and none is far from the number that is asked for.
func TestHadamard(t *testing.T) {
	orders := map[int]bool{}
	for n := 1; n <= 150; n++ {
		h := newHadamard(n)
		order := h.order()
		require.LessOrEqual(t, order, n)
		require.Greater(t, 2*order, n)
		if orders[order] {
			continue
		}
		orders[order] = true
		require.Equal(t, n, order, "a matrix of order %d comes with n = %d", order, order)
		for i := range order {
			for j := range order {
				dot := 0
				for c := range order {
					dot += h.at(i, c) * h.at(j, c)
				}
				want := 0
				if i == j {
					want = order // as many as the squares of 1 and -1 add up to
				}
				if dot != want {
					require.Equal(t, want, dot, "rows %d and %d of order %d", i, j, order)
				}
			}
		}
	}
	for _, order := range []int{1, 2, 4, 8, 12, 16, 20, 24, 32, 40, 44, 48, 60, 64, 68, 72, 80, 84, 88, 96, 104, 108, 120, 128, 132, 136, 140, 144} {
		require.True(t, orders[order], "order %d", order)
	}
	for n := 64; n < 2000; n++ {
		require.Greater(t, 10*newHadamard(n).order(), 9*n)
	}
}
