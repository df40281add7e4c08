package equilibrium

import "math"

// bernsteinRoots returns the roots of a polynomial in the open interval (0, 1), ascending,
// given its coefficients in Bernstein form, of which at least one is not 0. A root that is
// multiple, or several that a float64 cannot tell apart, are returned once.
//
// The number of changes of sign of the coefficients is that of the roots or larger by an
// even number, so that none means no root and one means one root (Farouki, "The Bernstein
// Polynomial Basis: A Centennial Retrospective", Computer Aided Geometric Design 29, 2012).
// An interval with more is halved.
func bernsteinRoots(coefficients []float64) []float64 {
	// Below this size a value is 0 to a float64's precision, and its sign means nothing.
	zero := 4 * float64(len(coefficients)) * epsilon * largest(coefficients)
	var roots []float64
	last := -1.0 // up to here a root is known
	add := func(x, high float64) {
		if x > 0 && x < 1 && x-last > nearby {
			roots = append(roots, x)
		}
		last = max(last, high)
	}
	var isolate func(b []float64, low, high float64)
	isolate = func(b []float64, low, high float64) {
		changes := signChanges(b, zero)
		switch {
		case largest(b) <= zero: // around a multiple root
			if low > last {
				add((low+high)/2, high)
			}
			last = max(last, high)
			return
		case changes == 0:
			return
		case changes == 1 && math.Abs(b[0]) > zero && math.Abs(b[len(b)-1]) > zero:
			x := bisectRoot(b, low, high)
			add(x, x)
			return
		case high-low < nearby/100:
			add((low+high)/2, high)
			return
		}
		left, right := halves(b)
		middle := (low + high) / 2
		isolate(left, low, middle)
		if math.Abs(right[0]) <= zero {
			add(middle, middle)
		}
		isolate(right, middle, high)
	}
	isolate(coefficients, 0, 1)
	return roots
}

// epsilon is the distance from 1 to the next float64.
const epsilon = 0x1p-52

// signChanges returns the number of changes of sign, without values that count as 0.
func signChanges(b []float64, zero float64) int {
	changes, last := 0, 0.0
	for _, x := range b {
		if math.Abs(x) <= zero {
			continue
		}
		if x*last < 0 {
			changes++
		}
		last = math.Copysign(1, x)
	}
	return changes
}

// bisectRoot returns the only root of a polynomial between low and high, at which its
// signs differ.
func bisectRoot(b []float64, low, high float64) float64 {
	from, to := 0.0, 1.0
	for range 60 {
		middle := (from + to) / 2
		if value := bernsteinValue(b, middle); value*b[0] > 0 {
			from = middle
		} else {
			to = middle
		}
	}
	return low + (high-low)*(from+to)/2
}

// bernsteinValue returns the value at x in [0, 1] by de Casteljau's algorithm.
func bernsteinValue(b []float64, x float64) float64 {
	var room [16]float64
	work := append(room[:0], b...)
	for n := len(work) - 1; n > 0; n-- {
		for i := range n {
			work[i] += x * (work[i+1] - work[i])
		}
	}
	return work[0]
}

// halves returns the coefficients on the two halves of the interval.
func halves(b []float64) (left, right []float64) {
	left, right = make([]float64, len(b)), append([]float64(nil), b...)
	for i := range b {
		left[i] = right[0]
		for j := range len(b) - 1 - i {
			right[j] = (right[j] + right[j+1]) / 2
		}
	}
	return left, right
}
