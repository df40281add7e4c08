package detect

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
)

// fitMMD returns a scorer by minus the squared maximum mean discrepancy between
// query and an agent's images: the unbiased estimate, with an RBF kernel whose
// bandwidth is the median distance between all agents' images with the label (at
// most MaxRows of them, evenly spaced). A query of one image is a point mass.
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

// fitKL returns a scorer by minus KL(query || agent). Both densities are normal,
// in the first principal components of all agents' images with the label. Their
// covariances are shrunk to that of all images, with as many degrees of freedom as
// there are components (see features.NewGaussian). So a query of one image has the
// covariance of all images, and its score is minus half its squared Mahalanobis
// distance from the agent's mean, up to terms of the agent alone.
func fitKL(b *Bank, _ int, g *group) (scorer, error) {
	space, err := g.space()
	if errors.Is(err, features.ErrConstant) {
		return nil, nil // equal vectors cannot distinguish agents
	} else if err != nil {
		return nil, err
	}
	// Within the sample, its components are uncorrelated.
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

// bins is the number of bins of a histogram along one component, each with a
// twentieth of the images.
const bins = 20

// fitJS returns a scorer by minus the Jensen-Shannon divergence between the
// histograms of query and agent along the first principal components of all
// agents' images with the label, in bins that hold equal shares of these (see
// features.Bins).
func fitJS(b *Bank, _ int, g *group) (scorer, error) {
	space, err := g.space()
	if errors.Is(err, features.ErrConstant) {
		return nil, nil // equal vectors cannot distinguish agents
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
