package features

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distmv"
)

// Gaussian is the density estimate of a sample by a normal distribution.
type Gaussian struct {
	normal *distmv.Normal
}

// NewGaussian estimates a normal distribution. Its mean is the sample's; its
// covariance is the weighted mean of the sample's covariance S (n - 1 in the
// denominator) and of prior, which counts as weight degrees of freedom:
// ((n-1) S + weight*prior) / (n-1 + weight). This is the posterior mean of the
// covariance under an inverse Wishart prior, up to a constant in the denominator
// (Gelman et al., "Bayesian Data Analysis", 2013, section 3.6). It is regular for
// any sample, even for a single vector, which has the covariance prior. weight
// must be above 0 and prior positive definite; otherwise the error wraps ErrSample.
func NewGaussian(x *mat.Dense, prior *mat.SymDense, weight float64) (*Gaussian, error) {
	n, d := x.Dims()
	mean := make([]float64, d)
	for j := range mean {
		mean[j] = stat.Mean(mat.Col(nil, j, x), nil)
	}
	covariance := mat.NewSymDense(d, nil)
	if n > 1 {
		stat.CovarianceMatrix(covariance, x, nil)
		covariance.ScaleSym(float64(n-1), covariance)
	}
	var weighted mat.SymDense
	weighted.ScaleSym(weight, prior)
	covariance.AddSym(covariance, &weighted)
	covariance.ScaleSym(1/(float64(n-1)+weight), covariance)
	normal, ok := distmv.NewNormal(mean, covariance, nil)
	if !ok {
		return nil, fmt.Errorf("features: Gaussian of %d vectors: %w: the covariance is not positive definite", n, ErrSample)
	}
	return &Gaussian{normal: normal}, nil
}

// KullbackLeibler returns KL(g || other) in nats, at least 0, by the closed form
// for normal distributions.
func (g *Gaussian) KullbackLeibler(other *Gaussian) float64 {
	return distmv.KullbackLeibler{}.DistNormal(g.normal, other.normal)
}

// Bins divide each coordinate of a space into bins that hold about the same
// number of a sample's vectors.
type Bins struct {
	// dividers holds for each coordinate the inner borders in ascending order.
	dividers [][]float64
}

// equalShare is the share of a sample's range below which two values count as
// equal up to rounding.
const equalShare = 1e-9

// NewBins divides each coordinate of a sample into n bins at its quantiles. Each
// border lies half way between the value at the quantile (the inverse of the
// empirical distribution function) and the next larger value, so that rounding
// moves no vector into another bin. If values coincide, there are fewer bins. The
// first and the last bin have no outer border.
func NewBins(x *mat.Dense, n int) Bins {
	rows, d := x.Dims()
	b := Bins{dividers: make([][]float64, d)}
	for j := range d {
		column := mat.Col(nil, j, x)
		sort.Float64s(column)
		gap := equalShare * (column[rows-1] - column[0])
		for i := 1; i < n; i++ {
			at := (i*rows+n-1)/n - 1
			for at+1 < rows && column[at+1]-column[at] <= gap {
				at++
			}
			if at+1 < rows {
				b.dividers[j] = append(b.dividers[j], (column[at]+column[at+1])/2)
			}
		}
		b.dividers[j] = slices.Compact(b.dividers[j])
	}
	return b
}

// Histogram holds for each coordinate the share of a sample in each bin.
type Histogram [][]float64

// Histogram returns the histogram of a sample.
func (b Bins) Histogram(x *mat.Dense) Histogram {
	n, _ := x.Dims()
	h := make(Histogram, len(b.dividers))
	for j, dividers := range b.dividers {
		h[j] = make([]float64, len(dividers)+1)
		for i := range n {
			h[j][sort.SearchFloat64s(dividers, x.At(i, j))] += 1 / float64(n)
		}
	}
	return h
}

// Mixture returns the histogram of a mixture: the mean, weighted by weights, of
// histograms over the same bins. The weights need not add up to 1.
func Mixture(histograms []Histogram, weights []float64) Histogram {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	mixed := make(Histogram, len(histograms[0]))
	for j := range mixed {
		mixed[j] = make([]float64, len(histograms[0][j]))
		for i, h := range histograms {
			for bin, share := range h[j] {
				mixed[j][bin] += share * weights[i] / total
			}
		}
	}
	return mixed
}

// JensenShannon returns the Jensen-Shannon divergence between two histograms over
// the same bins, averaged over the coordinates, in nats: at least 0 and at most
// ln 2 (Lin, "Divergence Measures Based on the Shannon Entropy", 1991). Empty bins
// need no smoothing.
func (h Histogram) JensenShannon(other Histogram) float64 {
	sum := 0.0
	for j, shares := range h {
		// Rounding may give a value below 0 for equal shares.
		sum += math.Max(0, stat.JensenShannon(shares, other[j]))
	}
	return sum / float64(len(h))
}
