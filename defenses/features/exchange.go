package features

import (
	"gonum.org/v1/gonum/mat"
)

// exchange moves single vectors to other clusters while that lowers the inertia, with
// both centroids moved at once (Hartigan, "Clustering Algorithms", 1975). Its optima
// are among those of Lloyd's algorithm, and are fewer. It reports whether a vector
// was moved.
func (c *Clusters) exchange(x *mat.Dense) (moved bool) {
	k, _ := c.Centroids.Dims()
	sizes := make([]float64, k)
	for _, cluster := range c.Assigned {
		sizes[cluster]++
	}
	for i, from := range c.Assigned {
		if sizes[from] == 1 {
			continue
		}
		vector := x.RawRowView(i)
		gain, to := 0.0, from
		without := square(vector, c.Centroids.RawRowView(from)) * sizes[from] / (sizes[from] - 1)
		for other := range k {
			if other == from || sizes[other] == 0 {
				continue
			}
			with := square(vector, c.Centroids.RawRowView(other)) * sizes[other] / (sizes[other] + 1)
			if without-with > gain {
				gain, to = without-with, other
			}
		}
		// A gain within rounding would let vectors move to and fro.
		if to == from || gain <= 1e-9*without {
			continue
		}
		moveMean(c.Centroids.RawRowView(from), vector, -1/(sizes[from]-1))
		moveMean(c.Centroids.RawRowView(to), vector, 1/(sizes[to]+1))
		sizes[from]--
		sizes[to]++
		c.Assigned[i], moved = to, true
	}
	return moved
}

// moveMean adds share times the difference of vector and mean to mean.
func moveMean(mean, vector []float64, share float64) {
	for j, v := range vector {
		mean[j] += share * (v - mean[j])
	}
}

// refine returns the clusters that Lloyd's algorithm and exchanges in turn reach from
// centroids.
func refine(x, centroids *mat.Dense) *Clusters {
	c := lloyd(x, centroids)
	for range maxIterations {
		if !c.exchange(x) {
			break
		}
		c = lloyd(x, c.Centroids)
	}
	return c
}
