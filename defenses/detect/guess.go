package detect

import "math"

// Guess returns i* = argmax similarity, the first of equals (equation 3 of the
// paper): a position in the list of agents. NaN is less similar than any number.
// It is -1 for no agents.
func Guess(similarity []float64) int {
	best := -1
	for i, s := range similarity {
		if best < 0 || s > similarity[best] || (math.IsNaN(similarity[best]) && !math.IsNaN(s)) {
			best = i
		}
	}
	return best
}
