package equilibrium

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/combin"
	"pgregory.net/rapid"
)

// bernsteinOf returns the Bernstein coefficients of the product of (x - root).
func bernsteinOf(roots []float64) []float64 {
	power := []float64{1} // coefficients by power of x
	for _, root := range roots {
		next := make([]float64, len(power)+1)
		for i, c := range power {
			next[i] -= root * c
			next[i+1] += c
		}
		power = next
	}
	n := len(roots)
	b := make([]float64, n+1)
	for i := range b {
		for k := 0; k <= i; k++ {
			b[i] += float64(combin.Binomial(i, k)) / float64(combin.Binomial(n, k)) * power[k]
		}
	}
	return b
}

func TestRootsOfPolynomials(t *testing.T) {
	for _, tc := range []struct{ roots, want []float64 }{
		{[]float64{0.3}, []float64{0.3}},
		{[]float64{0.5}, []float64{0.5}},
		{[]float64{0.25, 0.75}, []float64{0.25, 0.75}},
		{[]float64{-1, 0.2, 0.6, 2}, []float64{0.2, 0.6}},
		{[]float64{0, 1, 0.4}, []float64{0.4}}, // the ends are not inside
		{[]float64{-0.5, 1.5}, nil},
		{[]float64{0.3, 0.3}, []float64{0.3}}, // a double root
		{[]float64{0.5, 0.5}, []float64{0.5}},
		{[]float64{0.3, 0.3, 0.3}, []float64{0.3}},
		{[]float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}, []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}},
		{[]float64{0.4, 0.401}, []float64{0.4, 0.401}},
	} {
		got := bernsteinRoots(bernsteinOf(tc.roots))
		require.Len(t, got, len(tc.want), "%v: %v", tc.roots, got)
		require.InDeltaSlice(t, tc.want, got, 2e-5, "%v", tc.roots) // a triple root is known so well
	}
	require.Empty(t, bernsteinRoots([]float64{1, 0.1, 1}), "the coefficients change no sign")
	require.Empty(t, bernsteinRoots([]float64{1, -0.9, 1}), "they do, but there is no root")
}

func TestRootsOfRandomPolynomials(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grid := rapid.SliceOfNDistinct(rapid.IntRange(-5, 25), 1, 6, rapid.ID[int]).Draw(t, "roots")
		var roots, inside []float64
		for _, i := range grid {
			root := float64(i)/20 + 0.013
			roots = append(roots, root)
			if root > 0 && root < 1 {
				inside = append(inside, root)
			}
		}
		slices.Sort(inside)
		got := bernsteinRoots(bernsteinOf(roots))
		require.Len(t, got, len(inside), "%v: %v", inside, got)
		if len(inside) > 0 {
			require.InDeltaSlice(t, inside, got, 1e-8)
		}
	})
}

func TestSolveLinearEquations(t *testing.T) {
	right := [][]float64{{5}, {10}}
	require.Positive(t, solve([][]float64{{0, 1}, {2, 4}}, right))
	require.InDeltaSlice(t, []float64{-5, 5}, []float64{right[0][0], right[1][0]}, 1e-12)
	require.Zero(t, solve([][]float64{{1, 1}, {1, 1}}, [][]float64{{1}, {2}}))
}
