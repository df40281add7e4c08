package stats

import "slices"

// Gaffke computes an interval for the mean of values in a known, finite range. Its
// upper limit is the quantile 1-(1-level)/2 of a mean of the values and the range's
// upper end, weighted at random by a flat Dirichlet distribution; the lower limit
// mirrors it (Gaffke, "Three Test Statistics for a Nonparametric One-Sided Hypothesis
// on the Mean of a Nonnegative Variable", Mathematical Methods of Statistics 14,
// 2005). For values that are 0 or 1 it is the interval of Clopper and Pearson (1934).
// That it holds for every distribution is conjectured, and unrefuted (Learned-Miller
// and Thomas, arXiv 1905.06208). It holds at one number of values, fixed beforehand.
type Gaffke struct{ Within Range }

// Interval implements Method.
func (g Gaffke) Interval(values []float64, level float64) (Interval, error) {
	if err := checkSample("gaffke", values, g.Within, level); err != nil {
		return Interval{}, err
	}
	outside := (1 - level) / 2
	return Interval{
		Low:  Number(-gaffkeUpper(negated(values), -g.Within.Low, outside)),
		High: Number(gaffkeUpper(values, g.Within.High, outside)),
	}, nil
}

// gaffkeUpper returns the upper limit for values of at most high, which lies below
// the mean with the given probability.
func gaffkeUpper(values []float64, high, outside float64) float64 {
	knots := append(slices.Clone(values), high)
	slices.Sort(knots)
	return bisect(knots[0], high, func(t float64) bool { return dirichletCDF(knots, t) < 1-outside })
}

// dirichletCDF returns the probability that the mean of sorted knots, weighted by a
// flat Dirichlet distribution, is at most t, which must be below the last knot. The
// density of that mean is a B-spline with these knots (Curry and Schoenberg, "On
// Polya frequency functions IV", 1966); de Boor's algorithm evaluates its integral
// from convex combinations alone, also where knots are equal.
func dirichletCDF(knots []float64, t float64) float64 {
	n := len(knots) - 1
	k, _ := slices.BinarySearchFunc(knots, t, func(knot, t float64) int {
		if knot <= t {
			return -1
		}
		return 1
	})
	k-- // the last knot that is at most t
	if k < 0 {
		return 0
	}
	at := func(i int) float64 { // knots beyond the ends, whose places do not matter
		switch {
		case i < 0:
			return knots[0] + float64(i)
		case i > n:
			return knots[n] + float64(i-n)
		default:
			return knots[i]
		}
	}
	// d[j] is the coefficient of the spline number k-n+j: 1 from number 0 on.
	d := make([]float64, n+1)
	for j := range d {
		if k-n+j >= 0 {
			d[j] = 1
		}
	}
	for r := 1; r <= n; r++ {
		for j := n; j >= r; j-- {
			i := k - n + j
			alpha := (t - at(i)) / (at(i+n+1-r) - at(i))
			d[j] = (1-alpha)*d[j-1] + alpha*d[j]
		}
	}
	return d[n]
}
