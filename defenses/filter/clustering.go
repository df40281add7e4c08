package filter

import (
	"errors"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"backfire/defenses/definition"
	"backfire/defenses/features"
)

// Clustering filters by activation clustering (Chen et al., "Detecting Backdoor Attacks
// on Deep Neural Networks by Activation Clustering", SafeAI 2019): the features of each
// class are reduced to a few components and divided into two clusters by k-means. The
// smaller cluster is removed if the division is clear by its silhouette and the cluster
// is small.
type Clustering struct {
	// Components is the number of components, at least 1.
	Components int `json:"components" yaml:"components"`
	// Reduction is ReductionICA or ReductionPCA.
	Reduction string `json:"reduction" yaml:"reduction"`
	// Silhouette in [-1, 1] is the mean silhouette above which a class counts as
	// poisoned.
	Silhouette float64 `json:"silhouette" yaml:"silhouette"`
	// Size in (0, 0.5] is the largest share of a class that the removed cluster has.
	Size   float64 `json:"size" yaml:"size"`
	Common `yaml:",inline"`
}

// The ways to reduce features. Independent components are a rotation of whitened
// principal components (Hyvarinen and Oja, "Independent Component Analysis", 2000,
// section 5). Neither k-means nor the silhouette depends on a rotation, so ReductionICA
// computes the whitened principal components.
const (
	ReductionICA = "ica"
	ReductionPCA = "pca"
)

// ActivationClustering is the definition of Clustering.
var ActivationClustering = definition.Definition{
	Kind: "activation_clustering", Stages: stages,
	Summary: "after a first training, the features of the contributed images of each class are divided into two clusters; a small, clearly separated one is removed; then a model is trained anew",
	Settings: append([]definition.Setting{
		{Key: "components", Default: "10", Range: "[1,)", Help: "components to which features are reduced"},
		{Key: "reduction", Default: ReductionICA, Oneof: []string{ReductionICA, ReductionPCA}, Help: "independent or principal components"},
		{Key: "silhouette", Default: "0.1", Range: "[-1,1]", Help: "mean silhouette of a class's two clusters above which the smaller one counts as poisoned"},
		{Key: "size", Default: "0.35", Range: "(0,0.5]", Help: "largest share of a class that may be removed"},
	}, common("1")...),
	New: func() any { return new(Clustering) },
}

// Remove removes the smaller cluster of each class that counts as poisoned.
func (c *Clustering) Remove(in Input) ([]int, error) {
	return c.removeFrom(in, "activation clustering", func(class []int, rng *rand.Rand) ([]int, error) {
		reduced, err := c.reduce(features.Rows(in.Features, class))
		if err != nil || reduced == nil {
			return nil, err
		}
		clusters, err := features.KMeans(reduced, 2, rng)
		if err != nil {
			return nil, err
		}
		smaller := smallerCluster(clusters.Assigned)
		small := float64(len(smaller)) <= c.Size*float64(len(class))
		if len(smaller) == 0 || !small || MeanSilhouette(reduced, clusters.Assigned) <= c.Silhouette {
			return nil, nil
		}
		return smaller, nil
	})
}

// reduce returns the components of a sample; nil if all its vectors are equal.
func (c *Clustering) reduce(x *mat.Dense) (*mat.Dense, error) {
	principal, err := features.PrincipalComponents(x, c.Components)
	if errors.Is(err, features.ErrConstant) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if c.Reduction == ReductionICA {
		return principal.Whiten(x), nil
	}
	return principal.Project(x), nil
}

// smallerCluster returns the positions of the smaller of two clusters: of equal ones,
// the second. It is empty if there is one cluster.
func smallerCluster(assigned []int) []int {
	var of [2][]int
	for i, cluster := range assigned {
		of[cluster] = append(of[cluster], i)
	}
	if len(of[0]) < len(of[1]) {
		return of[0]
	}
	return of[1]
}

// MeanSilhouette returns the mean silhouette of a division into two clusters
// (Rousseeuw, "Silhouettes", 1987): for each vector (b - a)/max(a, b), where a is its
// mean distance to the others of its cluster and b that to the other cluster; 0 for a
// vector alone in its cluster. It is 0 for a single cluster.
func MeanSilhouette(x *mat.Dense, assigned []int) float64 {
	var size [2]int
	for _, cluster := range assigned {
		size[cluster]++
	}
	if size[0] == 0 || size[1] == 0 {
		return 0
	}
	sums := make([][2]float64, len(assigned))
	for i := range assigned {
		for j := range i {
			d := floats.Distance(x.RawRowView(i), x.RawRowView(j), 2)
			sums[i][assigned[j]] += d
			sums[j][assigned[i]] += d
		}
	}
	total := 0.0
	for i, own := range assigned {
		if size[own] == 1 {
			continue
		}
		a := sums[i][own] / float64(size[own]-1)
		b := sums[i][1-own] / float64(size[1-own])
		if most := math.Max(a, b); most > 0 {
			total += (b - a) / most
		}
	}
	return total / float64(len(assigned))
}
