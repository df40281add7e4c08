package detect

import "math"

// Guess returns i* = argmax similarity (equation 3 of the paper), a position in
// the list of agents; ties go to the first. NaN is less similar than any number.
// Guess returns -1 if the list is empty.
func Guess(similarity []float64) int {
	best := -1
	for i, s := range similarity {
		if best < 0 || s > similarity[best] || (math.IsNaN(similarity[best]) && !math.IsNaN(s)) {
			best = i
		}
	}
	return best
}
