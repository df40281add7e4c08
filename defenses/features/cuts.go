package features

import (
	"sort"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// cuts returns starts for two clusters: for each of the first principal directions of
// the sample, the means of the two sides of the division along that direction whose
// inertia along it is smallest. It returns none for a sample of equal vectors.
func cuts(x *mat.Dense) []*mat.Dense {
	_, d := x.Dims()
	space, err := PrincipalComponents(x, min(cutDirections, d))
	if err != nil {
		return nil // equal vectors have one cluster
	}
	projected := space.Project(x)
	_, directions := projected.Dims()
	starts := make([]*mat.Dense, 0, directions)
	for j := range directions {
		if start := cut(x, mat.Col(nil, j, projected)); start != nil {
			starts = append(starts, start)
		}
	}
	return starts
}

// cut returns the means of the two sides of the best division of a sample at one
// value of along, which holds a number for each vector; nil if all are equal.
func cut(x *mat.Dense, along []float64) *mat.Dense {
	n, d := x.Dims()
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return along[order[a]] < along[order[b]] })
	total, left := floats.Sum(along), 0.0
	best, size := 0.0, 0
	for i := range n - 1 {
		left += along[order[i]]
		if along[order[i]] == along[order[i+1]] {
			continue
		}
		// The smallest inertia has the largest sum of squared sums over sizes.
		below, above := float64(i+1), float64(n-i-1)
		if between := left*left/below + (total-left)*(total-left)/above; size == 0 || between > best {
			best, size = between, i+1
		}
	}
	if size == 0 {
		return nil
	}
	means := mat.NewDense(2, d, nil)
	for i, row := range order {
		side, share := 0, 1/float64(size)
		if i >= size {
			side, share = 1, 1/float64(n-size)
		}
		floats.AddScaled(means.RawRowView(side), share, x.RawRowView(row))
	}
	return means
}
