package features

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Clusters is the result of k-means.
type Clusters struct {
	// Centroids holds the mean of each cluster, k x d.
	Centroids *mat.Dense
	// Assigned holds for each vector the cluster whose centroid is nearest; ties
	// go to the first.
	Assigned []int
	// Inertia is the sum of the squared distances of all vectors to the
	// centroids of their clusters.
	Inertia float64
}

const (
	// fewestStarts and mostStarts bound the number of random starts of k-means, and
	// startedVectors is the number of vectors that all starts together have between the
	// bounds. A small sample has more optima within reach of a start, and each is cheap.
	fewestStarts, mostStarts, startedVectors = 50, 400, 20_000
	// cutDirections is the most principal directions along which two clusters start.
	cutDirections = 10
	// maxIterations bounds the iterations of a start. Lloyd's algorithm converges
	// within tens of iterations unless rounding makes two assignments alternate.
	maxIterations = 300
)

// KMeans divides a sample into k clusters. It runs Lloyd's algorithm ("Least
// Squares Quantization in PCM", 1982) and exchanges of single vectors until neither
// changes the clusters, from centroids seeded by
// k-means++ (Arthur and Vassilvitskii, 2007), and returns the best of many starts.
// Two clusters start also from the best division along each of the first principal
// directions, see [cuts]. A sample with fewer than k different vectors has one cluster for each of
// them. The error wraps ErrSample for k below 1.
func KMeans(x *mat.Dense, k int, rng *rand.Rand) (*Clusters, error) {
	if k < 1 {
		return nil, fmt.Errorf("features: k-means: %w: %d clusters: at least 1 is needed", ErrSample, k)
	}
	var seeds []*mat.Dense
	if k == 2 {
		seeds = cuts(x)
	}
	n, _ := x.Dims()
	for range max(fewestStarts, min(mostStarts, startedVectors/n)) {
		seeds = append(seeds, seedCentroids(x, k, rng))
	}
	var best *Clusters
	for _, seed := range seeds {
		if c := refine(x, seed); best == nil || c.Inertia < best.Inertia {
			best = c
		}
	}
	return best, nil
}

// seedCentroids draws k of the sample's vectors as centroids by k-means++: each
// with a probability proportional to its squared distance to the nearest one drawn
// before. It draws fewer if no other vector is left.
func seedCentroids(x *mat.Dense, k int, rng *rand.Rand) *mat.Dense {
	n, _ := x.Dims()
	chosen := []int{rng.IntN(n)}
	squares := make([]float64, n)
	for i := range squares {
		squares[i] = math.Inf(1)
	}
	for len(chosen) < k {
		total := 0.0
		last := x.RawRowView(chosen[len(chosen)-1])
		for i := range squares {
			squares[i] = min(squares[i], square(x.RawRowView(i), last))
			total += squares[i]
		}
		if total == 0 {
			break
		}
		chosen = append(chosen, weightedIndex(squares, rng.Float64()*total))
	}
	return Rows(x, chosen)
}

// weightedIndex returns the first position at which the sum of the weights up to it
// is above at. If rounding leaves no such position, it returns the last one with a
// weight above 0.
func weightedIndex(weights []float64, at float64) int {
	last := 0
	for i, w := range weights {
		if w == 0 {
			continue
		}
		if last = i; at < w {
			break
		}
		at -= w
	}
	return last
}

// square returns the squared distance between two vectors.
func square(x, y []float64) float64 {
	sum := 0.0
	for i, v := range x {
		sum += (v - y[i]) * (v - y[i])
	}
	return sum
}

// lloyd moves centroids to the means of their clusters until no vector changes
// its cluster. A cluster that loses all its vectors keeps its centroid.
func lloyd(x, centroids *mat.Dense) *Clusters {
	n, d := x.Dims()
	k, _ := centroids.Dims()
	c := &Clusters{Centroids: mat.DenseCopyOf(centroids), Assigned: make([]int, n)}
	for i := range c.Assigned {
		c.Assigned[i] = -1
	}
	for range maxIterations {
		if !c.assign(x) {
			break
		}
		sums, counts := mat.NewDense(k, d, nil), make([]float64, k)
		for i, cluster := range c.Assigned {
			floats.Add(sums.RawRowView(cluster), x.RawRowView(i))
			counts[cluster]++
		}
		for cluster, count := range counts {
			if count > 0 {
				floats.ScaleTo(c.Centroids.RawRowView(cluster), 1/count, sums.RawRowView(cluster))
			}
		}
	}
	c.assign(x)
	return c
}

// assign assigns each vector to its nearest centroid, computes the inertia and
// reports whether any vector has changed its cluster.
func (c *Clusters) assign(x *mat.Dense) (changed bool) {
	c.Inertia = 0
	for i := range c.Assigned {
		nearest, at := c.Nearest(x.RawRowView(i))
		c.Inertia += nearest
		changed = changed || at != c.Assigned[i]
		c.Assigned[i] = at
	}
	return changed
}

// Nearest returns the squared distance of a vector to the nearest centroid, and
// that centroid's position; ties go to the first.
func (c *Clusters) Nearest(vector []float64) (squared float64, cluster int) {
	k, _ := c.Centroids.Dims()
	squared = math.Inf(1)
	for i := range k {
		if s := square(vector, c.Centroids.RawRowView(i)); s < squared {
			squared, cluster = s, i
		}
	}
	return squared, cluster
}
