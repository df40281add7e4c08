package features_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
	"backfire/streams"
)

// The eigenvectors of a large matrix, and those of one that has the largest
// eigenvalue more than once or hardly any gaps, are eigenvectors, of the same
// eigenvalues as those of the whole decomposition.
func TestLeadingEigenvectors(t *testing.T) {
	const n, k = 200, 10
	for name, spectrum := range map[string]func(i int) float64{
		"features": func(i int) float64 { return 100 / float64((i+1)*(i+1)) },
		"equal":    func(i int) float64 { return []float64{5, 5, 5, 1}[min(i, 3)] },
		"flat":     func(i int) float64 { return 1 - float64(i)/(4*n) },
		"low rank": func(i int) float64 { return []float64{3, 2, 1, 0}[min(i, 3)] },
	} {
		t.Run(name, func(t *testing.T) {
			rng := streams.New(1, "test leading")
			basis := mat.NewDense(n, n, nil)
			basis.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, basis)
			var qr mat.QR
			qr.Factorize(basis)
			var q mat.Dense
			qr.QTo(&q)
			a := mat.NewSymDense(n, nil)
			for i := range n {
				a.SymRankOne(a, spectrum(i), q.ColView(i))
			}
			values, vectors, ok := features.Leading(a, k)
			require.True(t, ok)
			var gram mat.Dense
			gram.Mul(vectors.T(), vectors)
			for i, value := range values {
				require.InDelta(t, spectrum(i), value, 1e-10*spectrum(0), "rounding over %d terms", n)
				var off mat.VecDense
				off.MulVec(a, vectors.ColView(i))
				off.AddScaledVec(&off, -value, vectors.ColView(i))
				require.LessOrEqual(t, off.Norm(2), 1e-10*spectrum(0))
				for j := range values {
					want := 0.0
					if i == j {
						want = 1
					}
					require.InDelta(t, want, gram.At(i, j), 1e-10, "orthonormal")
				}
			}
		})
	}
}
