package detect

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
)

// fitMMD scores by minus the squared maximum mean discrepancy between query and
// an agent's images: the unbiased estimate, with an RBF kernel whose bandwidth is
// the median distance between everybody's images with the label (of which at most
// MaxRows, evenly spaced, are looked at). A query of one image is a point mass.
func fitMMD(b *Bank, _ int, g *group) (scorer, error) {
	kernel := features.MedianKernel(features.Spaced(g.all, MaxRows))
	within := make([]float64, b.agents)
	for i, x := range g.agents {
		if x != nil {
			within[i] = kernel.Within(x)
		}
	}
	return func(query *mat.Dense) ([]float64, error) {
		scores := make([]float64, b.agents)
		own := kernel.Within(query)
		for i, x := range g.agents {
			scores[i] = math.NaN()
			if x != nil {
				scores[i] = -(own + within[i] - 2*kernel.Between(query, x))
			}
		}
		return scores, nil
	}, nil
}

// fitKL scores by minus KL(query || agent). Both densities are normal, in the
// first principal components of everybody's images with the label, with
// covariances that are shrunk to everybody's by as many degrees of freedom as
// there are components (see features.NewGaussian); so a query of one image has
// everybody's covariance around itself, and its score is its squared Mahalanobis
// distance from the agent's mean but for terms of the agent alone.
func fitKL(b *Bank, _ int, g *group) (scorer, error) {
	space, err := g.space()
	if errors.Is(err, features.ErrConstant) {
		return nil, nil // nothing tells agents apart
	} else if err != nil {
		return nil, err
	}
	// The components of a sample are uncorrelated in it.
	prior := mat.NewSymDense(len(space.Variances), nil)
	for j, variance := range space.Variances {
		prior.SetSym(j, j, variance)
	}
	density := func(x *mat.Dense) (*features.Gaussian, error) {
		return features.NewGaussian(space.Project(x), prior, float64(len(space.Variances)))
	}
	densities := make([]*features.Gaussian, b.agents)
	for i, x := range g.agents {
		if x == nil {
			continue
		}
		if densities[i], err = density(x); err != nil {
			return nil, err
		}
	}
	return func(query *mat.Dense) ([]float64, error) {
		own, err := density(query)
		if err != nil {
			return nil, err
		}
		scores := make([]float64, b.agents)
		for i, other := range densities {
			scores[i] = math.NaN()
			if other != nil {
				scores[i] = -own.KullbackLeibler(other)
			}
		}
		return scores, nil
	}, nil
}

// bins is the number of bins of a histogram along one component: a twentieth of
// the images each.
const bins = 20

// fitJS scores by minus the Jensen-Shannon divergence between the histograms of
// query and agent along the first principal components of everybody's images with
// the label, in bins that hold equal shares of these (see features.Bins).
func fitJS(b *Bank, _ int, g *group) (scorer, error) {
	space, err := g.space()
	if errors.Is(err, features.ErrConstant) {
		return nil, nil // nothing tells agents apart
	} else if err != nil {
		return nil, err
	}
	divided := features.NewBins(space.Project(g.all), bins)
	histograms := make([]features.Histogram, b.agents)
	for i, x := range g.agents {
		if x != nil {
			histograms[i] = divided.Histogram(space.Project(x))
		}
	}
	return func(query *mat.Dense) ([]float64, error) {
		own := divided.Histogram(space.Project(query))
		scores := make([]float64, b.agents)
		for i, h := range histograms {
			scores[i] = math.NaN()
			if h != nil {
				scores[i] = -own.JensenShannon(h)
			}
		}
		return scores, nil
	}, nil
}
