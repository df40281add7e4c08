package detect

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
	"backfire/internal/streams"
)

// fitSpectral returns a scorer by spectral signatures. Tran et al. (algorithm 1)
// centre the features of one label, take the top right singular vector v of the
// matrix, and call ((R(x) - mean) v)^2 the outlier score of x: poisoned images
// have high scores. Here mean and v are those of one agent's images, its
// signature. The score of an image is its outlier score as a share of its squared
// distance from the mean, so that it does not depend on the spread of the agent's
// images. It is in [0, 1], and 1 if x deviates from the mean exactly along v, the
// direction in which an agent's poisoned images differ from its clean ones. The
// score of a query is the mean over its images.
func fitSpectral(b *Bank, _ int, g *group) (scorer, error) {
	signatures := make([]*features.Principal, b.agents)
	for i, x := range g.agents {
		if x == nil {
			continue
		}
		p, err := features.PrincipalComponents(x, 1)
		if errors.Is(err, features.ErrConstant) {
			continue // equal images have no signature
		} else if err != nil {
			return nil, err
		}
		signatures[i] = p
	}
	return func(query *mat.Dense) ([]float64, error) {
		scores := make([]float64, b.agents)
		for i, signature := range signatures {
			scores[i] = math.NaN()
			if signature != nil {
				scores[i] = alignment(signature, query)
			}
		}
		return scores, nil
	}, nil
}

// alignment returns the share of the squared deviations from a signature's mean
// that lies along its direction, averaged over the query's images. The share is 0
// for an image at the mean.
func alignment(signature *features.Principal, query *mat.Dense) float64 {
	n, d := query.Dims()
	sum, deviation := 0.0, make([]float64, d)
	direction := mat.Col(nil, 0, signature.Directions)
	for i := range n {
		floats.SubTo(deviation, query.RawRowView(i), signature.Mean.RawVector().Data)
		along := floats.Dot(deviation, direction)
		if squared := floats.Dot(deviation, deviation); squared > 0 {
			sum += along * along / squared
		}
	}
	return sum / float64(n)
}

// clustersPerAgent is the number of clusters of Chen et al.: poisoned and clean.
const clustersPerAgent = 2

// fitClusters returns a scorer by activation clustering. Chen et al. reduce the
// activations of one label to 10 independent components and divide them by k-means
// into two clusters, one of which holds the poisoned images. Here the clusters are
// those of one agent's images, and the score of a query is minus its mean squared
// distance to the nearer of the agent's two centroids.
//
// The components are those of all agents' images with the label, so that distances
// are comparable between agents. They are whitened principal components:
// independent components are a rotation of these (Hyvarinen and Oja, "Independent
// Component Analysis", 2000, section 5), and k-means depends on distances only,
// which no rotation changes.
func fitClusters(b *Bank, label int, g *group) (scorer, error) {
	space, err := g.space()
	if errors.Is(err, features.ErrConstant) {
		return nil, nil // equal vectors cannot distinguish agents
	} else if err != nil {
		return nil, err
	}
	clusters := make([]*features.Clusters, b.agents)
	for i, x := range g.agents {
		if x == nil {
			continue
		}
		rng := streams.New(b.seed, "k-means", uint64(i), uint64(label+1))
		if clusters[i], err = features.KMeans(space.Whiten(x), clustersPerAgent, rng); err != nil {
			return nil, err
		}
	}
	return func(query *mat.Dense) ([]float64, error) {
		white := space.Whiten(query)
		n, _ := white.Dims()
		scores := make([]float64, b.agents)
		for i, c := range clusters {
			scores[i] = math.NaN()
			if c == nil {
				continue
			}
			sum := 0.0
			for row := range n {
				squared, _ := c.Nearest(white.RawRowView(row))
				sum += squared
			}
			scores[i] = -sum / float64(n)
		}
		return scores, nil
	}, nil
}
