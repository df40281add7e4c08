package features

import (
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Plane projects vectors of d values each, which values holds one after another, on their first two principal
// components. It returns the two coordinates of each vector, and the shares of the variance along both components,
// from 0 to 1. A sample that varies in one direction has second coordinates of 0. The errors are those of New and
// PrincipalComponents.
func Plane(values []float32, d int) (coordinates [][2]float64, shares [2]float64, err error) {
	x, err := New(values, d)
	if err != nil {
		return nil, shares, err
	}
	p, err := PrincipalComponents(x, len(shares))
	if err != nil {
		return nil, shares, err
	}
	total := 0.0
	for j := range d {
		total += stat.Variance(mat.Col(nil, j, x), nil)
	}
	projected := p.Project(x)
	n, k := projected.Dims()
	coordinates = make([][2]float64, n)
	for j := range k {
		shares[j] = p.Variances[j] / total
		for i := range n {
			coordinates[i][j] = projected.At(i, j)
		}
	}
	return coordinates, shares, nil
}
