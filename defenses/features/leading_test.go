package features_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
	"backfire/internal/streams"
)

// Leading returns the eigenvalues by which a large matrix is constructed, with
// their eigenvectors, also if the largest eigenvalue is multiple or the
// eigenvalues hardly differ.
func TestLeadingEigenvectors(t *testing.T) {
	const n, k = 200, 10
	for name, spectrum := range map[string]func(i int) float64{
		"features":  func(i int) float64 { return 100 / float64((i+1)*(i+1)) },
		"equal":     func(i int) float64 { return []float64{5, 5, 5, 1}[min(i, 3)] },
		"flat":      func(i int) float64 { return 1 - float64(i)/(4*n) },
		"low rank":  func(i int) float64 { return []float64{3, 2, 1, 0}[min(i, 3)] },
		"all equal": func(int) float64 { return 2 },
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

// The second difference of n points has the eigenvalues 2 - 2 cos(pi j / (n+1)) with
// the eigenvectors sin(pi i j / (n+1)). At the upper end they lie closer together
// than those of any sample: the first ten within a thousandth.
func TestLeadingEigenvectorsThatHardlyDiffer(t *testing.T) {
	const n, k = 512, 10
	a := mat.NewSymDense(n, nil)
	for i := range n {
		a.SetSym(i, i, 2)
		if i > 0 {
			a.SetSym(i-1, i, -1)
		}
	}
	values, vectors, ok := features.ShiftInvert(a, k)
	require.True(t, ok)
	require.NotNil(t, vectors, "it needs no full decomposition")
	for j, value := range values {
		angle := math.Pi * float64(n-j) / (n + 1)
		require.InDelta(t, 2-2*math.Cos(angle), value, 1e-12, "rounding of sums over %d terms", n)
		along := 0.0
		for i := range n {
			along += vectors.At(i, j) * math.Sin(angle*float64(i+1)) * math.Sqrt(2./(n+1))
		}
		require.InDelta(t, 1, math.Abs(along), 1e-12, "the cosine of an angle near 0")
	}
}

// Noise has no direction in which it varies much more than in others. Its principal
// components from the covariance and from the Gram matrix are still the same.
func TestPrincipalComponentsOfNoise(t *testing.T) {
	rng := streams.New(1, "test noise")
	const n, d, k = 300, 280, 3
	x := mat.NewDense(n, d, nil)
	x.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, x)
	wide := mat.NewDense(n, n+50, nil) // the same vectors in a larger space
	wide.Slice(0, n, 0, d).(*mat.Dense).Copy(x)
	p, err := features.PrincipalComponents(x, k)
	require.NoError(t, err)
	q, err := features.PrincipalComponents(wide, k)
	require.NoError(t, err)
	for j := range k {
		require.InEpsilon(t, p.Variances[j], q.Variances[j], 1e-10, "rounding of sums over %d terms", n)
		for i := range d {
			require.InDelta(t, p.Directions.At(i, j), q.Directions.At(i, j), 1e-8, "rounding, with gaps of a hundredth of the eigenvalues")
		}
	}
}
