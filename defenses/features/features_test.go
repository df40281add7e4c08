package features_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"backfire/defenses/features"
	"backfire/internal/streams"
)

// normals draws n vectors of d independent standard normal values around mean.
func normals(seed uint64, n, d int, mean float64) *mat.Dense {
	rng := streams.New(seed, "test normals")
	x := mat.NewDense(n, d, nil)
	x.Apply(func(_, _ int, _ float64) float64 { return mean + rng.NormFloat64() }, x)
	return x
}

// samples generates samples of whole numbers, in which vectors often coincide.
func samples(most int) *rapid.Generator[*mat.Dense] {
	return rapid.Custom(func(t *rapid.T) *mat.Dense {
		n, d := rapid.IntRange(1, most).Draw(t, "n"), rapid.IntRange(1, 4).Draw(t, "d")
		x := mat.NewDense(n, d, nil)
		x.Apply(func(_, _ int, _ float64) float64 { return float64(rapid.IntRange(-3, 3).Draw(t, "value")) }, x)
		return x
	})
}

func TestNew(t *testing.T) {
	x, err := features.New([]float32{1, 2, 3, 4, 5, 6}, 3)
	require.NoError(t, err)
	require.True(t, mat.Equal(mat.NewDense(2, 3, []float64{1, 2, 3, 4, 5, 6}), x))
	for _, c := range []struct {
		values []float32
		d      int
		reason string
	}{
		{nil, 2, "0 values cannot be divided into vectors of 2"},
		{[]float32{1, 2, 3}, 2, "3 values cannot be divided into vectors of 2"},
		{[]float32{1}, 0, "1 values cannot be divided into vectors of 0"},
		{[]float32{1, 2, float32(math.NaN()), 4}, 2, "value 0 of vector 1 is NaN"},
		{[]float32{1, float32(math.Inf(1))}, 2, "value 1 of vector 0 is +Inf"},
	} {
		_, err := features.New(c.values, c.d)
		require.ErrorIs(t, err, features.ErrSample)
		require.ErrorContains(t, err, c.reason)
	}
}

func TestRowsStackThinSpaced(t *testing.T) {
	x := mat.NewDense(4, 1, []float64{10, 11, 12, 13})
	require.Equal(t, []float64{13, 10}, features.Rows(x, []int{3, 0}).RawMatrix().Data)
	require.Equal(t, []float64{10, 11, 12, 13, 11}, features.Stack(nil, x, nil, features.Rows(x, []int{1})).RawMatrix().Data)
	require.Equal(t, x, features.Spaced(x, 4))
	require.Equal(t, []float64{10, 11, 12}, features.Spaced(x, 3).RawMatrix().Data)
	require.Equal(t, []float64{10, 12}, features.Spaced(x, 2).RawMatrix().Data)

	rapid.Check(t, func(t *rapid.T) {
		at := rapid.SliceOfDistinct(rapid.IntRange(0, 99), rapid.ID).Draw(t, "at")
		limit := rapid.IntRange(0, 20).Draw(t, "limit")
		before := slices.Clone(at)
		thin := features.Thin(streams.New(1, "test"), at, limit)
		require.Equal(t, before, at)
		require.Len(t, thin, min(limit, len(at)))
		next := 0
		for _, v := range thin {
			found := slices.Index(at[next:], v)
			require.GreaterOrEqual(t, found, 0, "%v is no subsequence of %v", thin, at)
			next += found + 1
		}
	})
}

func TestPrincipalComponentsOfAKnownShape(t *testing.T) {
	// An ellipse along (3, 4)/5: variances 4 and 1 by construction.
	x := mat.NewDense(4, 2, []float64{1.2, 1.6, -1.2, -1.6, -0.8, 0.6, 0.8, -0.6})
	p, err := features.PrincipalComponents(x, 5)
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{8.0 / 3, 2.0 / 3}, p.Variances, 1e-14)
	require.InDeltaSlice(t, []float64{0.6, 0.8, 0.8, -0.6}, mat.DenseCopyOf(p.Directions.T()).RawMatrix().Data, 1e-14)
	white := p.Whiten(x)
	require.InDelta(t, 2/math.Sqrt(8.0/3), white.At(0, 0), 1e-14)

	_, err = features.PrincipalComponents(mat.NewDense(3, 2, []float64{1, 2, 1, 2, 1, 2}), 1)
	require.ErrorIs(t, err, features.ErrConstant)
	_, err = features.PrincipalComponents(mat.NewDense(1, 2, []float64{1, 2}), 1)
	require.ErrorIs(t, err, features.ErrConstant)
}

func TestPrincipalComponentsHaveTheirVariances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := samples(12).Draw(t, "sample")
		p, err := features.PrincipalComponents(x, 4)
		if err != nil {
			require.ErrorIs(t, err, features.ErrConstant)
			return
		}
		projected := p.Project(x)
		n, k := projected.Dims()
		require.Len(t, p.Variances, k)
		var products mat.Dense
		products.Mul(projected.T(), projected)
		for i := range k {
			for j := range k {
				want := 0.0
				if i == j {
					want = p.Variances[i] * float64(n-1)
				}
				require.InDelta(t, want, products.At(i, j), 1e-9, "coordinates are uncorrelated")
			}
		}
	})
}

func TestMedianKernel(t *testing.T) {
	// The distances are 1, 2, 3 in the first sample and 1, 1, 2, 3, 3, 4 in the
	// second.
	require.InDelta(t, 2, features.MedianKernel(mat.NewDense(3, 1, []float64{0, 1, 3})).Bandwidth, 1e-15)
	require.InDelta(t, 2.5, features.MedianKernel(mat.NewDense(4, 1, []float64{0, 1, 3, 4})).Bandwidth, 1e-15)
	require.InDelta(t, 1, features.MedianKernel(mat.NewDense(1, 1, []float64{5})).Bandwidth, 0, "one vector")
	require.InDelta(t, 1, features.MedianKernel(mat.NewDense(3, 1, []float64{5, 5, 5})).Bandwidth, 0, "equal vectors")
}

func TestMMDOfTwoPoints(t *testing.T) {
	k := features.Kernel{Bandwidth: 2}
	a, b := mat.NewDense(1, 1, []float64{0}), mat.NewDense(1, 1, []float64{2})
	// |phi(a) - phi(b)|^2 = 2 - 2 exp(-4/8).
	require.InDelta(t, 2-2*math.Exp(-0.5), k.MMD2(a, b), 1e-15)
	require.InDelta(t, 0, k.MMD2(a, a), 1e-15)
}

// TestMMDIsUnbiased averages the estimates for many pairs of samples of one
// distribution: the mean is within 4 standard errors of 0.
func TestMMDIsUnbiased(t *testing.T) {
	const pairs = 400
	k := features.Kernel{Bandwidth: 1.5}
	var sum, squares float64
	for i := range uint64(pairs) {
		v := k.MMD2(normals(2*i, 5, 2, 0), normals(2*i+1, 4, 2, 0))
		sum += v
		squares += v * v
	}
	mean := sum / pairs
	require.InDelta(t, 0, mean, 4*math.Sqrt((squares/pairs-mean*mean)/pairs))
}

// TestKernelMeansInBlocks compares a sample of more than one block of distances
// with the definition.
func TestKernelMeansInBlocks(t *testing.T) {
	x, y := normals(1, 300, 3, 0), normals(2, 7, 3, 1)
	k := features.Kernel{Bandwidth: 1.3}
	value := func(a, b []float64) float64 {
		square := 0.0
		for i := range a {
			square += (a[i] - b[i]) * (a[i] - b[i])
		}
		return math.Exp(-square / (2 * 1.3 * 1.3))
	}
	within, between := 0.0, 0.0
	for i := range 300 {
		for j := range 300 {
			if i != j {
				within += value(x.RawRowView(i), x.RawRowView(j)) / (300 * 299)
			}
		}
		for j := range 7 {
			between += value(x.RawRowView(i), y.RawRowView(j)) / (300 * 7)
		}
	}
	// Squared distances are differences of products, which adds some roundings.
	require.InDelta(t, within, k.Within(x), 1e-12)
	require.InDelta(t, between, k.Between(x, y), 1e-12)
}

func TestGaussianOfOneVectorHasThePriorsCovariance(t *testing.T) {
	prior := mat.NewSymDense(2, []float64{4, 0, 0, 9})
	at := func(x, y float64) *features.Gaussian {
		g, err := features.NewGaussian(mat.NewDense(1, 2, []float64{x, y}), prior, 2)
		require.NoError(t, err)
		return g
	}
	// With equal covariances, the divergence is half the squared Mahalanobis
	// distance.
	require.InDelta(t, 0.5*(4.0/4+9.0/9), at(0, 0).KullbackLeibler(at(2, 3)), 1e-14)

	_, err := features.NewGaussian(mat.NewDense(1, 2, nil), mat.NewSymDense(2, nil), 2)
	require.ErrorIs(t, err, features.ErrSample)
}

func TestHistograms(t *testing.T) {
	x := mat.NewDense(4, 2, []float64{1, 7, 2, 7, 3, 7, 4, 7})
	bins := features.NewBins(x, 4)
	require.Equal(t, features.Histogram{{0.25, 0.25, 0.25, 0.25}, {1}}, bins.Histogram(x), "a constant coordinate has one bin")
	outside := bins.Histogram(mat.NewDense(2, 2, []float64{-100, 7, 100, 8}))
	require.Equal(t, features.Histogram{{0.5, 0, 0, 0.5}, {1}}, outside, "outer bins have no outer border")

	apart := features.Histogram{{1, 0}}.JensenShannon(features.Histogram{{0, 1}})
	require.InDelta(t, math.Ln2, apart, 1e-15, "disjoint distributions are ln 2 apart")
	mixed := features.Mixture([]features.Histogram{{{1, 0}}, {{0, 1}}}, []float64{3, 1})
	require.Equal(t, features.Histogram{{0.75, 0.25}}, mixed)

	rapid.Check(t, func(t *rapid.T) {
		x := samples(20).Draw(t, "x")
		bins := features.NewBins(x, rapid.IntRange(1, 6).Draw(t, "bins"))
		h := bins.Histogram(x)
		for _, shares := range h {
			sum := 0.0
			for _, share := range shares {
				sum += share
			}
			require.InDelta(t, 1, sum, 1e-12)
		}
		require.InDelta(t, 0, h.JensenShannon(h), 1e-12)
	})
}

func TestKMeans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := samples(15).Draw(t, "sample")
		k := rapid.IntRange(1, 5).Draw(t, "k")
		c, err := features.KMeans(x, k, streams.New(1, "test"))
		require.NoError(t, err)
		repeated, err := features.KMeans(x, k, streams.New(1, "test"))
		require.NoError(t, err)
		require.Equal(t, c, repeated)

		different := map[string]bool{}
		inertia := 0.0
		for i, cluster := range c.Assigned {
			squared, nearest := c.Nearest(x.RawRowView(i))
			require.Equal(t, nearest, cluster)
			inertia += squared
			different[fmt.Sprint(x.RawRowView(i))] = true
		}
		require.InDelta(t, inertia, c.Inertia, 1e-9)
		if len(different) <= k {
			require.InDelta(t, 0, c.Inertia, 1e-9, "a cluster for each different vector")
		}
	})
	_, err := features.KMeans(mat.NewDense(1, 1, nil), 0, streams.New(1, "test"))
	require.ErrorIs(t, err, features.ErrSample)
}
