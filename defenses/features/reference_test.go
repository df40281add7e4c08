package features_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
	"backfire/internal/streams"
)

// rounding is the tolerance for figures that NumPy computes in another order: some
// hundred roundings of numbers of about 10.
const rounding = 1e-11

// sample is a list of vectors, as in the JSON file.
type sample [][]float64

// dense returns the sample as a matrix.
func (s sample) dense() *mat.Dense {
	x := mat.NewDense(len(s), len(s[0]), nil)
	for i, row := range s {
		x.SetRow(i, row)
	}
	return x
}

// reference holds the reference values that scripts/reference/similarity.py
// writes.
type reference struct {
	Principal []struct {
		X, Directions   sample
		Mean, Variances []float64
	}
	Independent struct {
		X         sample
		Distances []float64
	}
	Spectral struct {
		X, Queries sample
		Scores     []float64
	}
	Clustering []struct {
		X, Initial, Centroids sample
		Assigned              []int
		Inertia, Best         float64
	}
	Discrepancy []struct {
		X, Y            sample
		Bandwidth, MMD2 float64
	}
	Gaussians struct {
		X, Y             sample
		Prior            []float64 // the diagonal
		Weight           float64
		KL, Back, Single float64
	}
	Histograms struct {
		X, Y   sample
		Bins   int
		Shares sample
		JS     float64
	}
}

// load reads the reference values.
func load(t *testing.T) reference {
	data, err := os.ReadFile("testdata/reference.json")
	require.NoError(t, err)
	var r reference
	require.NoError(t, json.Unmarshal(data, &r))
	return r
}

// near requires two matrices to be equal within a tolerance.
func near(t *testing.T, want, got mat.Matrix, tolerance float64) {
	t.Helper()
	require.True(t, mat.EqualApprox(want, got, tolerance), "want %v\ngot %v", mat.Formatted(want), mat.Formatted(got))
}

func TestPrincipalComponentsAgainstScikitLearn(t *testing.T) {
	r := load(t)
	require.NotEmpty(t, r.Principal)
	for _, c := range r.Principal {
		p, err := features.PrincipalComponents(c.X.dense(), len(c.Variances))
		require.NoError(t, err)
		require.InDeltaSlice(t, c.Mean, p.Mean.RawVector().Data, rounding)
		require.InDeltaSlice(t, c.Variances, p.Variances, rounding)
		near(t, c.Directions.dense(), p.Directions, rounding)
	}
}

// TestWhitenedComponentsAreARotationOfIndependentOnes checks the assumption of
// activation clustering: the distances are the same.
func TestWhitenedComponentsAreARotationOfIndependentOnes(t *testing.T) {
	r := load(t).Independent
	p, err := features.PrincipalComponents(r.X.dense(), 3)
	require.NoError(t, err)
	white := p.Whiten(r.X.dense())
	n, _ := white.Dims()
	// scikit-learn's unit variance has n in the denominator.
	white.Scale(math.Sqrt(float64(n)/float64(n-1)), white)
	var distances []float64
	for i := range n {
		for j := i + 1; j < n; j++ {
			distances = append(distances, floats.Distance(white.RawRowView(i), white.RawRowView(j), 2))
		}
	}
	// FastICA's rotation is orthogonal up to about this tolerance.
	require.InDeltaSlice(t, r.Distances, distances, 1e-9)
}

func TestSpectralSignatureAgainstNumPy(t *testing.T) {
	r := load(t).Spectral
	p, err := features.PrincipalComponents(r.X.dense(), 1)
	require.NoError(t, err)
	along := mat.Col(nil, 0, p.Project(r.Queries.dense()))
	for i, score := range r.Scores {
		require.InDelta(t, score, along[i]*along[i], rounding)
	}
}

func TestKMeansAgainstScikitLearn(t *testing.T) {
	r := load(t)
	require.NotEmpty(t, r.Clustering)
	for _, c := range r.Clustering {
		got := features.Lloyd(c.X.dense(), c.Initial.dense())
		near(t, c.Centroids.dense(), got.Centroids, rounding)
		require.Equal(t, c.Assigned, got.Assigned)
		require.InDelta(t, c.Inertia, got.Inertia, 1e-10)

		// KMeans reaches the best of scikit-learn's 200 starts.
		best, err := features.KMeans(c.X.dense(), len(c.Initial), streams.New(1, "test"))
		require.NoError(t, err)
		require.InDelta(t, c.Best, best.Inertia, 1e-9)
	}
}

func TestMMDAgainstScikitLearn(t *testing.T) {
	r := load(t)
	require.NotEmpty(t, r.Discrepancy)
	for _, c := range r.Discrepancy {
		x, y := c.X.dense(), c.Y.dense()
		kernel := features.MedianKernel(features.Stack(x, y))
		require.InDelta(t, c.Bandwidth, kernel.Bandwidth, rounding)
		require.InDelta(t, c.MMD2, kernel.MMD2(x, y), rounding)
	}
}

func TestKullbackLeiblerAgainstNumPy(t *testing.T) {
	r := load(t).Gaussians
	prior := mat.NewSymDense(len(r.Prior), nil)
	for j, variance := range r.Prior {
		prior.SetSym(j, j, variance)
	}
	fit := func(x *mat.Dense) *features.Gaussian {
		g, err := features.NewGaussian(x, prior, r.Weight)
		require.NoError(t, err)
		return g
	}
	x, y := fit(r.X.dense()), fit(r.Y.dense())
	require.InDelta(t, r.KL, x.KullbackLeibler(y), rounding)
	require.InDelta(t, r.Back, y.KullbackLeibler(x), rounding)
	require.InDelta(t, r.Single, fit(r.X[:1].dense()).KullbackLeibler(y), rounding)
	require.InDelta(t, 0, x.KullbackLeibler(x), rounding)
}

func TestJensenShannonAgainstSciPy(t *testing.T) {
	r := load(t).Histograms
	bins := features.NewBins(r.X.dense(), r.Bins)
	x, y := bins.Histogram(r.X.dense()), bins.Histogram(r.Y.dense())
	for j, shares := range r.Shares {
		require.InDeltaSlice(t, shares, y[j], rounding)
	}
	require.InDelta(t, r.JS, x.JensenShannon(y), rounding)
}
